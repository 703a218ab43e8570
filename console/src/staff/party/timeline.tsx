// Everything about one party in order of time: what it was told (money, orders, withdrawals, limit, advertising), what
// staff and programs did, its cases, what staff wrote down. Each comes page by page; what is shown is complete down to
// the oldest instant that all of them have reached.
import { type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { Button, Checkbox, Empty } from "antd";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";
import { Loading } from "../../ui/loaded";
import { type Colour, State } from "../../ui/parts";
import { useMay } from "../session";
import { Facts } from "../ui/facts";
import { Actor, At, Ref } from "../ui/names";
import { horizon, merged } from "./merge";

const SOURCES = ["told", "done", "cases", "notes"] as const;
type Source = (typeof SOURCES)[number];
const COLOURS: Record<Source, Colour> = { told: "blue", done: "grey", cases: "orange", notes: "green" };

interface Item {
  key: string;
  at: string;
  source: Source;
  shown: ReactNode;
}

function Told({ row }: { row: Schemas["Message"] }) {
  const { named, knows } = useTexts();
  const group = row.kind.split(".")[0] ?? "";
  const title = knows("msg", row.kind) ? named("msg", row.kind) : named("msg.group", knows("msg.group", group) ? group : "other");
  return (
    <>
      {title} <Ref id={row.subject} /> <Facts data={row.data as Record<string, unknown>} />
    </>
  );
}

function useSource<T>(source: Source, party: string, on: boolean, read: (cursor: { cursor?: string }) => Promise<{ data: T[]; next_cursor?: string | null | undefined }>) {
  return useInfiniteQuery({
    queryKey: ["timeline", party, source],
    queryFn: ({ pageParam }) => read(pageParam === "" ? {} : { cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled: on,
  });
}

interface Stream {
  source: Source;
  query: UseInfiniteQueryResult;
  items: Item[];
}

function useStreams(party: string, wanted: (source: Source) => boolean): Stream[] {
  const may = useMay();
  const { either } = useTexts();
  const path = { id: party };
  const told = useSource("told", party, wanted("told"), (cursor) =>
    ok(api.GET("/v1/parties/{id}/messages", { params: { path, query: { limit: 50, ...cursor } } })),
  );
  const done = useSource("done", party, wanted("done") && may("operations:read"), (cursor) =>
    ok(api.GET("/v1/audit", { params: { query: { limit: 50, subject: party, ...cursor } } })),
  );
  const cases = useSource("cases", party, wanted("cases") && may("cases:read"), (cursor) =>
    ok(api.GET("/v1/cases", { params: { query: { limit: 50, party, ...cursor } } })),
  );
  const notes = useSource("notes", party, wanted("notes"), (cursor) =>
    ok(api.GET("/v1/parties/{id}/notes", { params: { path, query: { limit: 50, ...cursor } } })),
  );
  const pages = <T,>(query: { data: { pages: { data: T[] }[] } | undefined }): T[] => query.data?.pages.flatMap((page) => page.data) ?? [];
  return [
    {
      source: "told",
      query: told as UseInfiniteQueryResult,
      items: pages(told).map((row) => ({ key: row.id, at: row.at, source: "told", shown: <Told row={row} /> })),
    },
    {
      source: "done",
      query: done as UseInfiniteQueryResult,
      items: pages(done).map((row) => ({
        key: row.id,
        at: row.at,
        source: "done",
        shown: (
          <>
            <span className="mono">{row.action}</span> <Actor of={row.actor} /> <Facts data={row.data as Record<string, unknown>} />
          </>
        ),
      })),
    },
    {
      source: "cases",
      query: cases as UseInfiniteQueryResult,
      items: pages(cases).map((row) => ({
        key: row.id,
        at: row.opened_at,
        source: "cases",
        shown: (
          <>
            {row.summary} <Ref id={row.id} /> <span className="soft">{either({ zh: row.state_zh, en: row.state_en })}</span>
          </>
        ),
      })),
    },
    {
      source: "notes",
      query: notes as UseInfiniteQueryResult,
      items: pages(notes).map((row) => ({
        key: row.id,
        at: row.written_at,
        source: "notes",
        shown: (
          <>
            {row.text} <Actor of={row.written_by} />
          </>
        ),
      })),
    },
  ];
}

export function Timeline({ party }: { party: string }) {
  const { t } = useTexts();
  const may = useMay();
  const [params, setParams] = useSearchParams();
  const hidden = new Set((params.get("hide") ?? "").split(" "));
  const there = SOURCES.filter((source) => (source !== "done" || may("operations:read")) && (source !== "cases" || may("cases:read")));
  const wanted = (source: Source) => there.includes(source) && !hidden.has(source);
  const streams = useStreams(party, wanted).filter((stream) => wanted(stream.source));
  const failed = streams.find((stream) => stream.query.isError);
  const waiting = streams.some((stream) => stream.query.isPending);
  const until = horizon(streams.map((stream) => ({ items: stream.items, more: stream.query.hasNextPage })));
  const items = merged(streams.map((stream) => stream.items), until);
  const more = streams.filter((stream) => stream.query.hasNextPage && (stream.items.at(-1)?.at ?? "") >= until);
  const toggle = (source: Source) => {
    const next = there.filter((one) => (one === source ? !hidden.has(one) : hidden.has(one)));
    setParams((before) => {
      const all = Object.fromEntries(before);
      return next.length === 0 ? Object.fromEntries(Object.entries(all).filter(([name]) => name !== "hide")) : { ...all, hide: next.join(" ") };
    });
  };
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{t("staff.timeline")}</h2>
        <span className="row">
          {there.map((source) => (
            <Checkbox key={source} checked={!hidden.has(source)} onChange={() => toggle(source)}>
              {t(`staff.timeline.${source}`)}
            </Checkbox>
          ))}
        </span>
      </div>
      {failed !== undefined && <Failure error={failed.query.error} again={() => void failed.query.refetch()} />}
      {waiting && <Loading rows={6} />}
      {!waiting && items.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("staff.timeline.none")} />}
      <ol className="timeline">
        {items.map((item) => (
          <li key={`${item.source} ${item.key}`}>
            <At at={item.at} />
            <span>
              <State colour={COLOURS[item.source]}>{t(`staff.timeline.${item.source}`)}</State>
            </span>
            <span>{item.shown}</span>
          </li>
        ))}
      </ol>
      {more.length > 0 && !waiting && (
        <p style={{ textAlign: "center" }}>
          <Button
            loading={more.some((stream) => stream.query.isFetchingNextPage)}
            onClick={() => {
              for (const stream of more) void stream.query.fetchNextPage();
            }}
          >
            {t("state.more")}
          </Button>
        </p>
      )}
    </section>
  );
}
