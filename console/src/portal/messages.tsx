// What the platform told the party (P15).
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Empty } from "antd";
import { Link, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../api/client";
import { useSession } from "../app/session";
import { time } from "../format/time";
import { useTexts } from "../i18n";
import { Failure } from "../ui/failure";
import { Loading } from "../ui/loaded";
import { Amount, PageHead, State } from "../ui/parts";
import { pageOf } from "./cases/about";

type Row = Schemas["MessagePage"]["data"][number];

/** What a message says: its kind in words, the amount that it is about, and where to read more. */
function Said({ row }: { row: Row }) {
  const { t, named, knows } = useTexts();
  const group = row.kind.split(".")[0] ?? "";
  const title = knows("msg", row.kind)
    ? named("msg", row.kind)
    : named("msg.group", knows("msg.group", group) ? group : "other");
  const facts = row.data as Record<string, unknown>;
  const currency = typeof facts.currency === "string" ? facts.currency : "CNY";
  const page = pageOf(row.subject, row.kind);
  return (
    <p style={{ margin: "4px 0 0" }}>
      {title} {typeof facts.amount_minor === "number" && <Amount minor={facts.amount_minor} currency={currency} />}{" "}
      {page !== null && <Link to={page}>{t("common.detail")}</Link>}
    </p>
  );
}

export function Messages() {
  const { t } = useTexts();
  const { party, zone } = useSession();
  const [params, setParams] = useSearchParams();
  const unread = params.get("unread") === "true";
  const client = useQueryClient();
  const query = useInfiniteQuery({
    queryKey: ["messages", "list", unread],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/messages", {
          params: { path: { id: party.id }, query: { limit: 20, ...(unread ? { unread } : {}), ...(pageParam === "" ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const read = useMutation({
    mutationFn: (message: string) =>
      ok(api.POST("/v1/parties/{id}/messages/{message}/read", { params: { path: { id: party.id, message } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["messages"] }),
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <PageHead title={t("messages.title")}>
        <Checkbox checked={unread} onChange={(e) => setParams(e.target.checked ? { unread: "true" } : {})}>
          {t("messages.onlyUnread")}
        </Checkbox>
      </PageHead>
      <section className="panel">
        {query.isError && <Failure error={query.error} again={() => void query.refetch()} />}
        {read.isError && <Failure error={read.error} />}
        {query.isPending && <Loading rows={6} />}
        {query.isSuccess && rows.length === 0 && (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("messages.none")} />
        )}
        <ul className="cards" aria-label={t("messages.title")}>
          {rows.map((row) => (
            <li key={row.id}>
              <div className="row" style={{ justifyContent: "space-between" }}>
                <span className="soft amount">{time(row.at, zone)}</span>
                {row.read_at === null || row.read_at === undefined ? (
                  <span className="row">
                    <State colour="blue">{t("messages.unread")}</State>
                    <Button size="small" loading={read.isPending && read.variables === row.id} onClick={() => read.mutate(row.id)}>
                      {t("messages.read")}
                    </Button>
                  </span>
                ) : null}
              </div>
              <Said row={row} />
            </li>
          ))}
        </ul>
        {query.hasNextPage && (
          <p style={{ textAlign: "center" }}>
            <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              {t("state.more")}
            </Button>
          </p>
        )}
      </section>
    </>
  );
}
