// Which page is where. Pages are loaded when they are first needed.
import { type ComponentType, Suspense, lazy } from "react";
import { Navigate, Route, Routes } from "react-router";
import { isSignedOut } from "../api/problem";
import { type Session, SessionProvider, useSessionQuery } from "../app/session";
import { Failure } from "../ui/failure";
import { Loading } from "../ui/loaded";
import { Overview } from "./creator/overview";
import { Enter, Welcome } from "./enter";
import { Shell } from "./shell";

const page = <K extends string, P extends object>(load: () => Promise<Record<K, ComponentType<P>>>, name: K) =>
  lazy(async () => ({ default: (await load())[name] }));

const Orders = page(() => import("./creator/orders"), "Orders");
const Withdrawals = page(() => import("./creator/withdrawals"), "Withdrawals");
const NewWithdrawal = page(() => import("./creator/new-withdrawal"), "NewWithdrawal");
const Withdrawal = page(() => import("./creator/withdrawal"), "Withdrawal");
const Settings = page(() => import("./creator/settings"), "Settings");
const Studio = page(() => import("./creator/studio"), "Studio");
const Statements = page(() => import("./creator/statements"), "Statements");
const Statement = page(() => import("./creator/statement"), "Statement");
const Members = page(() => import("./agency/members"), "Members");
const AgencyOrders = page(() => import("./agency/orders"), "AgencyOrders");
const Settlements = page(() => import("./agency/settlements"), "Settlements");
const Settlement = page(() => import("./agency/settlement"), "Settlement");
const NewSettlement = page(() => import("./agency/new-settlement"), "NewSettlement");
const Limit = page(() => import("./merchant/limit"), "Limit");
const CreditOrders = page(() => import("./merchant/orders"), "CreditOrders");
const CreditOrder = page(() => import("./merchant/order"), "CreditOrder");
const Applications = page(() => import("./merchant/applications"), "Applications");
const Proceeds = page(() => import("./merchant/proceeds"), "Proceeds");
const AdAccount = page(() => import("./advertiser/account"), "AdAccount");
const TopUp = page(() => import("./advertiser/top-up"), "TopUp");
const TopUps = page(() => import("./advertiser/top-ups"), "TopUps");
const Campaigns = page(() => import("./advertiser/campaigns"), "Campaigns");
const Campaign = page(() => import("./advertiser/campaign"), "Campaign");
const NewCampaign = page(() => import("./advertiser/new-campaign"), "NewCampaign");
const Report = page(() => import("./advertiser/report"), "Report");
const AdSettings = page(() => import("./advertiser/ad-settings"), "AdSettings");
const Messages = page(() => import("./messages"), "Messages");
const Cases = page(() => import("./cases/list"), "Cases");
const Case = page(() => import("./cases/case"), "Case");
const NewCase = page(() => import("./cases/new-case"), "NewCase");
const Help = page(() => import("./help"), "Help");

function firstPage(session: Session): string {
  const { roles } = session.party;
  if (roles.includes("creator")) return "/overview";
  if (roles.includes("agency")) return "/settlements";
  if (roles.includes("merchant")) return "/shop";
  return roles.includes("advertiser") ? "/ads" : "/messages";
}

function Inside() {
  const session = useSessionQuery();
  if (session.data === undefined) {
    if (isSignedOut(session.error)) return <Welcome />;
    return (
      <div className="center">
        {session.isError ? <Failure error={session.error} again={() => void session.refetch()} /> : <Loading />}
      </div>
    );
  }
  const { roles } = session.data.party;
  const creator = roles.includes("creator");
  const merchant = roles.includes("merchant");
  const advertiser = roles.includes("advertiser");
  const agency = roles.includes("agency");
  const { corporate } = session.data.party;
  return (
    <SessionProvider value={session.data}>
      <Shell>
        <Suspense fallback={<Loading rows={8} />}>
          <Routes>
            {creator && (
              <>
                <Route path="overview" element={<Overview />} />
                <Route path="orders" element={<Orders />} />
                <Route path="withdrawals" element={<Withdrawals source="earnings" />} />
                <Route path="withdrawals/new" element={<NewWithdrawal source="earnings" />} />
              </>
            )}
            {(creator || agency) && (
              <>
                <Route path="statements" element={<Statements />} />
                <Route path="statements/:id" element={<Statement />} />
              </>
            )}
            {agency && (
              <>
                <Route path="agency/members" element={<Members />} />
                <Route path="agency/orders" element={<AgencyOrders />} />
              </>
            )}
            {corporate && (
              <>
                <Route path="settlements" element={<Settlements />} />
                <Route path="settlements/new" element={<NewSettlement />} />
                <Route path="settlements/:id" element={<Settlement />} />
              </>
            )}
            {merchant && (
              <>
                <Route path="shop" element={<Limit />} />
                <Route path="shop/orders" element={<CreditOrders />} />
                <Route path="shop/orders/:id" element={<CreditOrder />} />
                <Route path="shop/applications" element={<Applications />} />
                <Route path="shop/proceeds" element={<Proceeds />} />
                <Route path="shop/withdrawals" element={<Withdrawals source="proceeds" />} />
                <Route path="shop/withdrawals/new" element={<NewWithdrawal source="proceeds" />} />
              </>
            )}
            {(creator || merchant) && <Route path="withdrawals/:id" element={<Withdrawal />} />}
            {(creator || merchant || agency) && <Route path="settings" element={<Settings />} />}
            {creator && <Route path="studio" element={<Studio />} />}
            {advertiser && (
              <>
                <Route path="ads" element={<AdAccount />} />
                <Route path="ads/top-up" element={<TopUp />} />
                <Route path="ads/top-ups" element={<TopUps />} />
                <Route path="ads/campaigns" element={<Campaigns />} />
                <Route path="ads/campaigns/new" element={<NewCampaign />} />
                <Route path="ads/campaigns/:id" element={<Campaign />} />
                <Route path="ads/report" element={<Report />} />
                <Route path="ads/settings" element={<AdSettings />} />
              </>
            )}
            <Route path="messages" element={<Messages />} />
            <Route path="cases" element={<Cases />} />
            <Route path="cases/new" element={<NewCase />} />
            <Route path="cases/:id" element={<Case />} />
            <Route path="help" element={<Help />} />
            <Route path="*" element={<Navigate to={firstPage(session.data)} replace />} />
          </Routes>
        </Suspense>
      </Shell>
    </SessionProvider>
  );
}

export function Portal() {
  return (
    <Routes>
      <Route path="enter" element={<Enter />} />
      <Route path="*" element={<Inside />} />
    </Routes>
  );
}
