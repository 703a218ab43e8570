// A part of a page that waits for the server: loading, failed, or there.
import type { UseQueryResult } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { useTexts } from "../i18n";
import { Failure } from "./failure";

export function Loading({ rows = 3 }: { rows?: number }) {
  const { t } = useTexts();
  return (
    <div role="status" aria-label={t("state.loading")}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}

/** Shows what was read; what was read before stays while it is read anew. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: UseQueryResult<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} again={() => void query.refetch()} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}
