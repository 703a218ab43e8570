// A shop's proceeds: what can be withdrawn, and every movement (C12, C26).
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { useNavigate, useSearchParams } from "react-router";
import { type Schemas, api, ok } from "../../api/client";
import { mayRequest, useSession } from "../../app/session";
import { NOTHING } from "../../format/money";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Loaded } from "../../ui/loaded";
import { Amount, Id, PageHead, Pairs } from "../../ui/parts";
import { type Column, Records } from "../../ui/records";
import { every } from "../live";

type Line = Schemas["Page_ProceedsLineView"]["data"][number];

function Standing() {
  const { t, either } = useTexts();
  const session = useSession();
  const { party, currency } = session;
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ["explain"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/explain", { params: { path: { id: party.id } } })),
    refetchInterval: () => every(15_000),
  });
  return (
    <section className="panel">
      <Loaded query={query}>
        {({ proceeds }) =>
          proceeds === null || proceeds === undefined ? null : (
            <>
              <div className="panel-head">
                <h2>
                  {t("proceeds.available")} <Amount minor={proceeds.available_minor} currency={currency} />
                </h2>
                {mayRequest(session) && (
                  <Button type="primary" onClick={() => void navigate("/shop/withdrawals/new")}>
                    {t("overview.withdraw")}
                  </Button>
                )}
              </div>
              <Pairs
                pairs={[
                  [t("overview.transit"), <Amount key="transit" minor={proceeds.in_transit_minor} currency={currency} />],
                  [t("limit.due"), <Amount key="due" minor={proceeds.due_minor} currency={currency} />],
                  [t("limit.liability"), <Amount key="liability" minor={proceeds.liability_minor} currency={currency} />],
                ]}
              />
              <ul className="where">
                {proceeds.items.map((item) => (
                  <li key={`${item.place} ${item.code} ${item.withdrawal_id ?? ""}`}>
                    <div className="line">
                      <span>{either(item)}</span>
                      <strong>
                        <Amount minor={item.amount_minor} currency={currency} />
                      </strong>
                    </div>
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </section>
  );
}

export function Proceeds() {
  const { t, named } = useTexts();
  const { party, zone, currency } = useSession();
  const [params, setParams] = useSearchParams();
  const given = params.get("direction");
  const direction = given === "in" || given === "out" ? given : "";
  const filter = direction === "" ? {} : { direction };
  const query = useInfiniteQuery({
    queryKey: ["proceeds", direction],
    queryFn: ({ pageParam }) =>
      ok(
        api.GET("/v1/parties/{id}/proceeds/lines", {
          params: {
            path: { id: party.id },
            query: { limit: 50, ...filter, ...(pageParam === "" ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const columns: Column<Line>[] = [
    { title: t("ad.log.at"), show: (line) => <span className="amount">{time(line.at, zone)}</span> },
    { title: t("ad.log.what"), show: (line) => named("proceeds.kind", line.kind) },
    {
      title: t("proceeds.order"),
      show: (line) => (typeof line.order_id === "string" ? <Id id={line.order_id} /> : NOTHING),
    },
    {
      title: t("ad.log.change"),
      end: true,
      show: (line) => (
        <Amount minor={line.change_minor} currency={currency} signed />
      ),
    },
    { title: t("ad.log.after"), end: true, show: (line) => <Amount minor={line.balance_minor} currency={currency} /> },
  ];
  const file = `/v1/parties/${party.id}/proceeds/lines/export${direction === "" ? "" : `?direction=${direction}`}`;
  return (
    <>
      <PageHead title={t("proceeds.title")} />
      <Standing />
      <section className="panel">
        <div className="panel-head">
          <Segmented
            value={direction}
            onChange={(value) => setParams(value === "" ? {} : { direction: String(value) }, { replace: true })}
            options={[
              { value: "", label: t("common.all") },
              { value: "in", label: t("proceeds.in") },
              { value: "out", label: t("proceeds.out") },
            ]}
          />
          <Button href={file} download>
            {t("common.export")}
          </Button>
        </div>
        <Records query={query} columns={columns} name={t("proceeds.title")} rowKey={(line) => line.id} none={t("proceeds.none")} />
      </section>
    </>
  );
}
