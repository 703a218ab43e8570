// All withdrawals of a creator (X3).
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { Link, useNavigate } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { NOTHING } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { FilterBar, useFilters } from "../../ui/filters";
import { Amount, Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { WITHDRAWAL_STATES, isOver } from "./states";
import { every } from "../live";

type Row = Schemas["WithdrawalView"];

/** Which money a list is of, and where the pages of that money are. */
export interface Of {
  source: "earnings" | "proceeds";
}

/** Where one asks for a withdrawal of this money. */
export const newPath = ({ source }: Of): string => (source === "proceeds" ? "/shop/withdrawals/new" : "/withdrawals/new");

function useColumns(): Column<Row>[] {
  const { t, named, either } = useTexts();
  const { zone } = useSession();
  return [
    { title: t("wd.id"), show: (row) => <Id id={row.id} /> },
    {
      title: t("common.status"),
      show: (row) => (
        <>
          <State colour={WITHDRAWAL_STATES[row.state] ?? "grey"}>{named("wd.state", row.state)}</State>{" "}
          {row.explanation.overdue && <State colour="orange">{t("wd.overdue")}</State>}
        </>
      ),
    },
    {
      title: t("wd.amount"),
      end: true,
      show: (row) => (
        <strong>
          <Amount minor={row.amount_minor} currency={row.currency} />
        </strong>
      ),
    },
    {
      title: t("wd.fee"),
      end: true,
      wideOnly: true,
      show: (row) => <Amount minor={row.fee_minor} currency={row.currency} />,
    },
    { title: t("wd.net"), end: true, show: (row) => <Amount minor={row.net_minor} currency={row.currency} /> },
    { title: t("wd.destination"), show: (row) => row.destination_masked ?? NOTHING },
    { title: t("wd.reason"), show: (row) => <div style={{ minWidth: 160 }}>{either(row.explanation)}</div> },
    {
      title: t("wd.requested"),
      show: (row) => <span className="amount">{time(row.requested_at, zone)}</span>,
    },
    {
      title: t("wd.finished"),
      wideOnly: true,
      show: (row) => <span className="amount">{time(row.finished_at, zone)}</span>,
    },
    {
      title: t("common.actions"),
      show: (row) => <Link to={`/withdrawals/${row.id}`}>{t("common.detail")}</Link>,
    },
  ];
}

export function Withdrawals({ source }: Of) {
  const { t, named } = useTexts();
  const session = useSession();
  const { party } = session;
  const navigate = useNavigate();
  const filters = useFilters(["from", "until", "state", "keyword"]);
  const query = useInfiniteQuery({
    queryKey: ["withdrawals", source, filters],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/withdrawals", {
          params: {
            path: { id: party.id },
            query: { limit: 50, source, ...filters, ...(pageParam === "" ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) => {
      const rows = query.state.data?.pages.flatMap((page) => page.data) ?? [];
      return rows.some((row) => !isOver(row.state)) ? every(5_000) : false;
    },
  });
  return (
    <>
      <PageHead title={t("wd.title")}>
        {mayRequest(session) && (
          <Button type="primary" onClick={() => void navigate(newPath({ source }))}>
            {t("wd.new")}
          </Button>
        )}
      </PageHead>
      <section className="panel">
        <FilterBar
          stateName="state"
          states={Object.keys(WITHDRAWAL_STATES).map((value) => ({ value, label: named("wd.state", value) }))}
          keywordLabel={t("wd.keyword")}
          exportPath={`/v1/parties/${party.id}/withdrawals/export`}
          fixed={{ source }}
        />
        <Records
          query={query}
          columns={useColumns()}
          name={t("wd.title")}
          rowKey={(row) => row.id}
          none={t("wd.none")}
        />
      </section>
    </>
  );
}
