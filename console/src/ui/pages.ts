// Lists that come page by page.
import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import type { PageOf } from "./records";

/** Where a page begins, as a parameter; nothing of the first one. */
export type From = { cursor?: string };

/** A list of the server; `read` gets what says where the page begins. */
export function usePages<T>(
  queryKey: QueryKey,
  read: (from: From) => Promise<PageOf<T>>,
  refetchInterval: () => number | false = () => false,
) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => read(pageParam === "" ? {} : { cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval,
  });
}
