// Where is my money: each part of it in words (P14).
import { useQuery } from "@tanstack/react-query";
import { Empty } from "antd";
import { Link } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, type Colour, State } from "../../ui/parts";
import { every } from "../live";

type Whereabout = Schemas["PartyExplained"]["items"][number];

const PLACES: Record<string, Colour> = {
  available: "green",
  blocked: "red",
  would_wait: "orange",
  in_transit: "blue",
  frozen: "grey",
  pending: "grey",
  agency: "grey",
  owed: "red",
};

function Piece({ item, currency }: { item: Whereabout; currency: string }) {
  const { t, named, either } = useTexts();
  const { zone } = useSession();
  return (
    <li>
      <div className="line">
        <span className="row">
          <State colour={PLACES[item.place] ?? "grey"}>{named("place", item.place)}</State>
          {item.overdue && <State colour="orange">{t("wd.overdue")}</State>}
        </span>
        <strong>
          <Amount minor={item.amount_minor} currency={currency} />
        </strong>
      </div>
      <p style={{ margin: "6px 0" }}>{either(item)}</p>
      {item.missing.length > 0 && (
        <ul style={{ margin: "0 0 6px" }}>
          {item.missing.map((step) => (
            <li key={step}>
              <Link to="/settings">{named("step", step)}</Link>
            </li>
          ))}
        </ul>
      )}
      <div className="soft">
        {t("overview.where.who")}: {named("actor", item.who_must_act)} · {named("next", item.next_step)}
        {typeof item.next_at === "string" && (
          <>
            {" · "}
            {t("overview.where.next")}: <span className="amount">{time(item.next_at, zone)}</span>
          </>
        )}
        {typeof item.settlement_id === "string" && (
          <>
            {" · "}
            <Link to={`/settlements/${item.settlement_id}`}>{t("common.detail")}</Link>
          </>
        )}
        {typeof item.withdrawal_id === "string" && (
          <>
            {" · "}
            <Link to={`/withdrawals/${item.withdrawal_id}`}>{t("common.detail")}</Link>
          </>
        )}
      </div>
    </li>
  );
}

/** Whom a creator may ask about what its agency is paid (X14). */
function AgencyContact() {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["memberships"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/memberships", { params: { path: { id: party.id } } })),
  });
  const now = query.data?.now;
  if (now === null || now === undefined) return null;
  return (
    <p className="soft">
      {t("place.agency.ask")} {now.name}
      {now.contact !== "" && <> · {now.contact}</>}
    </p>
  );
}

/** Every part of the money: where it is, why, who acts, and what comes next (P14). */
export function Where() {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["explain"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/explain", { params: { path: { id: party.id } } })),
    refetchInterval: () => every(15_000),
  });
  return (
    <section className="panel">
      <h2>{t("overview.where")}</h2>
      <Loaded query={query}>
        {(found) =>
          found.items.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("overview.where.none")} />
          ) : (
            <>
              <ul className="where">
                {found.items.map((item) => (
                  <Piece
                    key={`${item.place} ${item.code} ${item.withdrawal_id ?? item.settlement_id ?? ""}`}
                    item={item}
                    currency={found.currency}
                  />
                ))}
              </ul>
              {party.roles.includes("creator") && found.items.some((item) => item.place === "agency") && <AgencyContact />}
            </>
          )
        }
      </Loaded>
    </section>
  );
}
