// Lists of the back office: filters of the address, pages from the server, rows that one walks with j and k.
import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { PageOf } from "../../ui/records";

/** The filters of the address among these names. */
export function useAddress(names: readonly string[]): Record<string, string> {
  const [params] = useSearchParams();
  const set = names.map((name) => [name, params.get(name) ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}

/** Pages of a list, read anew now and then: the back office stays open all day. */
export function useList<T>(
  key: unknown[],
  read: (cursor: { cursor?: string }) => Promise<PageOf<T>>,
  every: number | false = 15_000,
): UseInfiniteQueryResult<InfiniteData<PageOf<T>>> {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam === "" ? {} : { cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: every,
  });
}

export const rowsOf = <T,>(query: UseInfiniteQueryResult<InfiniteData<PageOf<T>>>): T[] =>
  query.data?.pages.flatMap((page) => page.data) ?? [];
