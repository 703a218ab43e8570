// Whom an agency has signed, from when to when (P6, X14).
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Choose } from "../../ui/choose";
import { useFilters } from "../../ui/filters";
import { usePages } from "../../ui/pages";
import { Id, PageHead, State } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";

type Member = Schemas["AgencyMember"];

function standing(member: Member, now: string): "signed" | "ended" | "later" {
  if (member.from > now) return "later";
  return typeof member.to === "string" && member.to <= now ? "ended" : "signed";
}

const COLOURS = { signed: "green", ended: "grey", later: "blue" } as const;

export function Members() {
  const { t, named } = useTexts();
  const { party, zone, now } = useSession();
  const { show } = useFilters(["show"]);
  const query = usePages<Member>(["members", show ?? ""], (from) =>
    ok(
      api.GET("/v1/agencies/{id}/members", {
        params: { path: { id: party.id }, query: { limit: 50, ...(show === "now" ? { at: now } : {}), ...from } },
      }),
    ),
  );
  const columns: Column<Member>[] = [
    { title: t("member.name"), show: (one) => <strong>{one.creator_name}</strong> },
    {
      title: t("common.status"),
      show: (one) => {
        const state = standing(one, now);
        return <State colour={COLOURS[state]}>{named("member.state", state)}</State>;
      },
    },
    { title: t("member.from"), show: (one) => <span className="amount">{time(one.from, zone)}</span> },
    {
      title: t("member.to"),
      show: (one) => <span className="amount">{typeof one.to === "string" ? time(one.to, zone) : t("member.open")}</span>,
    },
    { title: t("member.contact"), show: (one) => (one.contact === "" ? "--" : one.contact) },
    { title: t("member.creator"), wideOnly: true, show: (one) => <Id id={one.creator_id} /> },
  ];
  return (
    <>
      <PageHead title={t("member.title")}>
        <Link to="/agency/orders">{t("agency.orders")}</Link>
      </PageHead>
      <section className="panel">
        <div className="filters">
          <Choose name="show" label={t("common.status")} options={[{ value: "now", label: t("member.now") }]} />
        </div>
        <Records query={query} columns={columns} name={t("member.title")} rowKey={(one) => one.id} none={t("member.none")} />
      </section>
    </>
  );
}
