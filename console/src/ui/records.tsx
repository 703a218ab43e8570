// A list from the server: a table where there is room, cards where there is not; page by page.
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button, Empty } from "antd";
import type { Key, ReactNode } from "react";
import { useTexts } from "../i18n";
import { Failure } from "./failure";
import { Loading } from "./loaded";

export interface Column<T> {
  title: string;
  /** Amounts stand at the end of their column. */
  end?: boolean;
  /** Left out of cards, which show the essential. */
  wideOnly?: boolean;
  show: (row: T) => ReactNode;
}

export interface PageOf<T> {
  data: T[];
  next_cursor?: string | null | undefined;
}

/** Rows that are there: a table where there is room, cards where there is not. */
export function Rows<T>({
  rows,
  columns,
  name,
  rowKey,
  at,
}: {
  rows: T[];
  columns: Column<T>[];
  /** What the list is, for whoever hears it read. */
  name: string;
  rowKey: (row: T) => Key;
  /** The row that keys act on. */
  at?: Key | undefined;
}) {
  return (
    <>
      <div className="table-scroll only-wide" tabIndex={0} role="region" aria-label={name}>
        <table className="records" aria-label={name}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col" className={column.end ? "end" : ""}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={rowKey(row)} {...(at === rowKey(row) ? { className: "at", "aria-current": true } : {})}>
                {columns.map((column) => (
                  <td key={column.title} className={column.end ? "end" : ""}>
                    {column.show(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="cards only-narrow" aria-label={name}>
        {rows.map((row) => (
          <li key={rowKey(row)}>
            <dl className="pairs">
              {columns
                .filter((column) => column.wideOnly !== true)
                .map((column) => (
                  <div key={column.title} style={{ display: "contents" }}>
                    <dt>{column.title}</dt>
                    <dd>{column.show(row)}</dd>
                  </div>
                ))}
            </dl>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Records<T>({
  query,
  columns,
  name,
  rowKey,
  none,
  at,
}: {
  query: UseInfiniteQueryResult<InfiniteData<PageOf<T>>>;
  columns: Column<T>[];
  /** What the list is, for whoever hears it read. */
  name: string;
  rowKey: (row: T) => Key;
  none: string;
  /** The row that keys act on. */
  at?: Key | undefined;
}) {
  const { t } = useTexts();
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} again={() => void query.refetch()} /> : <Loading rows={6} />;
  }
  const rows = query.data.pages.flatMap((page) => page.data);
  if (rows.length === 0 && !query.hasNextPage) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={none} />;
  return (
    <>
      {query.isError && <Failure error={query.error} again={() => void query.refetch()} />}
      <Rows rows={rows} columns={columns} name={name} rowKey={rowKey} at={at} />
      <p style={{ textAlign: "center", marginBottom: 0 }}>
        {query.hasNextPage ? (
          <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
            {t("state.more")}
          </Button>
        ) : (
          <span className="soft">{t("state.all")}</span>
        )}
      </p>
    </>
  );
}
