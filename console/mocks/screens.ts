// Every screen: who looks, and where. Records with pages of their own are those that were recorded.
import { PEOPLE, type Person } from "./index";

export interface Screen {
  person: Person | null;
  path: string;
}

const { creator, agency, merchant, advertiser } = PEOPLE;
const withdrawal = creator["/v1/withdrawals/{id}"].id;

const OF: Record<Person, string[]> = {
  creator: [
    "overview",
    "orders",
    "withdrawals",
    `withdrawals/${withdrawal}`,
    "withdrawals/new",
    "statements",
    `statements/${creator["/v1/programme/statements/{id}"].id}`,
    "settings",
    "studio",
    "cases",
    `cases/${creator["/v1/parties/{id}/cases/{case}"].case.id}`,
    `cases/new?kind=fee_dispute&subject=${withdrawal}`,
    "messages",
    "help",
  ],
  agency: [
    "settlements",
    "settlements/new",
    `settlements/${agency["/v1/settlements/{id}"].id}`,
    "agency/members",
    "agency/orders",
  ],
  merchant: [
    "shop",
    "shop/orders",
    `shop/orders/${merchant["/v1/credit-orders/{id}"].order.id}`,
    "shop/applications",
    "shop/proceeds",
    "shop/withdrawals",
    "shop/withdrawals/new",
  ],
  advertiser: [
    "ads",
    "ads/top-up",
    "ads/top-ups",
    "ads/campaigns",
    `ads/campaigns/${advertiser["/v1/ad-campaigns/{id}"].id}`,
    "ads/campaigns/new",
    "ads/report",
    "ads/settings",
  ],
};

export const SCREENS: Screen[] = [
  { person: null, path: "" },
  { person: "creator", path: "enter#pl_mock" },
  ...(Object.entries(OF) as [Person, string[]][]).flatMap(([person, all]) => all.map((path) => ({ person, path }))),
];
