// Which page of the back office is where, and for whom. Pages are loaded when they are first needed.
import { type ComponentType, Suspense, lazy } from "react";
import { Route, Routes } from "react-router";
import { isSignedOut } from "../api/problem";
import { useTexts } from "../i18n";
import { Switches } from "../portal/switches";
import { Failure } from "../ui/failure";
import { Loading } from "../ui/loaded";
import { PageHead } from "../ui/parts";
import { StaffProvider, type StaffSession, useStaffQuery } from "./session";
import { Shell } from "./shell";
import { OwnPassword, SignIn } from "./sign-in";

const page = <K extends string>(load: () => Promise<Record<K, ComponentType>>, name: K) =>
  lazy(async () => ({ default: (await load())[name] }));

interface Page {
  path: string;
  /** What it takes to read what the page shows. */
  scope: string;
  Shown: ComponentType;
}

const PAGES: Page[] = [
  { path: "", scope: "operations:read", Shown: page(() => import("./home"), "Home") },
  { path: "parties", scope: "parties:read", Shown: page(() => import("./party/search"), "Search") },
  { path: "parties/:id", scope: "parties:read", Shown: page(() => import("./party/party"), "Party") },
  { path: "cases", scope: "cases:read", Shown: page(() => import("./queue/cases"), "Cases") },
  { path: "cases/:id", scope: "cases:read", Shown: page(() => import("./queue/case"), "Case") },
  { path: "reviews", scope: "credit:read", Shown: page(() => import("./queue/reviews"), "Reviews") },
  { path: "reviews/:id", scope: "credit:read", Shown: page(() => import("./queue/review"), "Review") },
  { path: "approvals", scope: "operations:read", Shown: page(() => import("./queue/approvals"), "Approvals") },
  { path: "approvals/:id", scope: "operations:read", Shown: page(() => import("./queue/approvals"), "Approvals") },
  { path: "withdrawals", scope: "withdrawals:read", Shown: page(() => import("./money/withdrawals"), "Withdrawals") },
  { path: "withdrawals/:id", scope: "withdrawals:read", Shown: page(() => import("./money/withdrawal"), "Withdrawal") },
  { path: "rails", scope: "ledger:read", Shown: page(() => import("./money/rails"), "Rails") },
  { path: "ledger", scope: "ledger:read", Shown: page(() => import("./ledger/books"), "Books") },
  { path: "ledger/accounts/:id", scope: "ledger:read", Shown: page(() => import("./ledger/account"), "Account") },
  { path: "ledger/transfers/:id", scope: "ledger:read", Shown: page(() => import("./ledger/transfer"), "Transfer") },
  { path: "records/:id", scope: "ledger:read", Shown: page(() => import("./ledger/record"), "Record") },
  { path: "rails/bank-file", scope: "ledger:read", Shown: page(() => import("./money/bank-files"), "BankFiles") },
  { path: "settlements", scope: "settlements:read", Shown: page(() => import("./papers/settlements"), "Settlements") },
  { path: "settlements/:id", scope: "settlements:read", Shown: page(() => import("./papers/settlement"), "Settlement") },
  { path: "applications", scope: "credit:read", Shown: page(() => import("./papers/applications"), "Applications") },
  { path: "applications/:id", scope: "credit:read", Shown: page(() => import("./papers/application"), "Application") },
  { path: "policy", scope: "policy:read", Shown: page(() => import("./rules/policy"), "Policy") },
  { path: "policy/versions", scope: "policy:read", Shown: page(() => import("./rules/versions"), "Versions") },
  { path: "policy/keys/:key", scope: "policy:read", Shown: page(() => import("./rules/explain"), "Explain") },
  { path: "calendar", scope: "policy:read", Shown: page(() => import("./rules/calendar"), "Calendar") },
  { path: "jobs", scope: "operations:read", Shown: page(() => import("./system/jobs"), "Jobs") },
  { path: "jobs/:id", scope: "operations:read", Shown: page(() => import("./system/jobs"), "Job") },
  { path: "audit", scope: "operations:read", Shown: page(() => import("./system/audit"), "Audit") },
  { path: "keys", scope: "admin", Shown: page(() => import("./system/api-keys"), "ApiKeys") },
  { path: "people", scope: "admin", Shown: page(() => import("./system/people"), "People") },
  { path: "sandbox", scope: "sandbox", Shown: page(() => import("./system/sandbox"), "Sandbox") },
];

function NotHere({ forbidden }: { forbidden: boolean }) {
  const { t } = useTexts();
  return (
    <>
      <PageHead title={t(forbidden ? "state.forbidden" : "state.missing")} />
      <p>{t(forbidden ? "staff.forbidden" : "staff.missing")}</p>
    </>
  );
}

function Me() {
  const { t } = useTexts();
  return (
    <>
      <PageHead title={t("staff.me")} />
      <OwnPassword forced={false} />
    </>
  );
}

function Pages({ session }: { session: StaffSession }) {
  const may = ({ path, scope }: Page) =>
    session.scopes.includes(scope) && (path !== "sandbox" || session.sandbox);
  return (
    <Suspense fallback={<Loading rows={8} />}>
      <Routes>
        {PAGES.map((one) => (
          <Route key={one.path} path={one.path} element={may(one) ? <one.Shown /> : <NotHere forbidden />} />
        ))}
        <Route path="me" element={<Me />} />
        <Route path="*" element={<NotHere forbidden={false} />} />
      </Routes>
    </Suspense>
  );
}

export function Office() {
  const { t } = useTexts();
  const session = useStaffQuery();
  if (session.data === undefined) {
    if (isSignedOut(session.error)) return <SignIn />;
    return (
      <div className="center">
        {session.isError ? <Failure error={session.error} again={() => void session.refetch()} /> : <Loading />}
      </div>
    );
  }
  if (session.data.must_change_password) {
    return (
      <main className="center">
        <Switches />
        <PageHead title={t("staff.password.title")} />
        <OwnPassword forced />
      </main>
    );
  }
  return (
    <StaffProvider value={session.data}>
      <Shell>
        <Pages session={session.data} />
      </Shell>
    </StaffProvider>
  );
}
