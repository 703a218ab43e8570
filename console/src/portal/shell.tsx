// What is around every page of somebody signed in.
import {
  AuditOutlined,
  BankOutlined,
  CalendarOutlined,
  CommentOutlined,
  BarChartOutlined,
  BellOutlined,
  DashboardOutlined,
  FileDoneOutlined,
  FileTextOutlined,
  FormOutlined,
  FundOutlined,
  LogoutOutlined,
  MenuOutlined,
  NotificationOutlined,
  PieChartOutlined,
  QuestionCircleOutlined,
  SettingOutlined,
  ShoppingCartOutlined,
  ShopOutlined,
  TeamOutlined,
  WalletOutlined,
} from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Badge, Button, Drawer } from "antd";
import { type PropsWithChildren, type ReactNode, useState } from "react";
import { Link, NavLink } from "react-router";
import { api, ok } from "../api/client";
import { useSession } from "../app/session";
import { type TextKey, useTexts } from "../i18n";
import { every, useLive, usePresence } from "./live";
import { Switches } from "./switches";

interface Item {
  to: string;
  text: TextKey;
  icon: ReactNode;
}

const CREATOR: Item[] = [
  { to: "/overview", text: "nav.overview", icon: <PieChartOutlined /> },
  { to: "/orders", text: "nav.orders", icon: <FileTextOutlined /> },
  { to: "/withdrawals", text: "nav.withdrawals", icon: <BankOutlined /> },
];
const PROGRAMME: Item[] = [{ to: "/statements", text: "nav.statements", icon: <CalendarOutlined /> }];
const STUDIO: Item[] = [{ to: "/studio", text: "nav.studio", icon: <AuditOutlined /> }];
const AGENCY: Item[] = [
  { to: "/agency/members", text: "nav.members", icon: <TeamOutlined /> },
  { to: "/agency/orders", text: "nav.agencyOrders", icon: <FileTextOutlined /> },
];
const CORPORATE: Item[] = [{ to: "/settlements", text: "nav.settlements", icon: <FileDoneOutlined /> }];
const MERCHANT: Item[] = [
  { to: "/shop", text: "nav.limit", icon: <DashboardOutlined /> },
  { to: "/shop/orders", text: "nav.creditOrders", icon: <ShoppingCartOutlined /> },
  { to: "/shop/applications", text: "nav.applications", icon: <FormOutlined /> },
  { to: "/shop/proceeds", text: "nav.proceeds", icon: <ShopOutlined /> },
  { to: "/shop/withdrawals", text: "nav.shopWithdrawals", icon: <BankOutlined /> },
];
const PAID_OUT: Item[] = [{ to: "/settings", text: "nav.settings", icon: <SettingOutlined /> }];
const ADVERTISER: Item[] = [
  { to: "/ads", text: "nav.ads", icon: <FundOutlined /> },
  { to: "/ads/campaigns", text: "nav.campaigns", icon: <NotificationOutlined /> },
  { to: "/ads/top-ups", text: "nav.topups", icon: <WalletOutlined /> },
  { to: "/ads/report", text: "nav.report", icon: <BarChartOutlined /> },
  { to: "/ads/settings", text: "nav.adset", icon: <SettingOutlined /> },
];
const EVERYBODY: Item[] = [
  { to: "/messages", text: "nav.messages", icon: <BellOutlined /> },
  { to: "/cases", text: "nav.cases", icon: <CommentOutlined /> },
  { to: "/help", text: "nav.help", icon: <QuestionCircleOutlined /> },
];

function Navigation({ done }: { done?: () => void }) {
  const { t } = useTexts();
  const { party } = useSession();
  const is = (...roles: string[]) => roles.some((role) => party.roles.includes(role));
  const items = [
    ...(is("creator") ? CREATOR : []),
    ...(party.corporate ? CORPORATE : []),
    ...(is("creator", "agency") ? PROGRAMME : []),
    ...(is("agency") ? AGENCY : []),
    ...(is("merchant") ? MERCHANT : []),
    ...(is("creator", "merchant", "agency") ? PAID_OUT : []),
    ...(is("creator") && !party.corporate ? STUDIO : []),
    ...(is("advertiser") ? ADVERTISER : []),
    ...EVERYBODY,
  ];
  return (
    <ul className="nav-list">
      {items.map((item) => (
        <li key={item.to}>
          <NavLink to={item.to} end={item.to === "/ads" || item.to === "/shop"} onClick={done}>
            <span aria-hidden>{item.icon}</span>
            {t(item.text)}
          </NavLink>
        </li>
      ))}
    </ul>
  );
}

/** More unread messages are shown as this many and more. */
const MOST_SHOWN = 99;

/** How many messages are unread. */
function Unread() {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["messages", "count"],
    queryFn: () =>
      ok(api.GET("/v1/parties/{id}/messages", { params: { path: { id: party.id }, query: { limit: 1, unread: true } } })),
    refetchInterval: () => every(30_000),
  });
  const count = query.data?.unread ?? 0;
  // What is read aloud contains what is shown.
  const shown = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
  return (
    <Link to="/messages" aria-label={`${t("nav.messages")}: ${shown} ${t("messages.unread")}`} style={{ color: "inherit" }}>
      <Badge count={count} size="small" color="#cf1322" overflowCount={MOST_SHOWN}>
        <BellOutlined style={{ fontSize: 18, padding: 6, color: "var(--text)" }} />
      </Badge>
    </Link>
  );
}

export function Shell({ children }: PropsWithChildren) {
  const { t, named } = useTexts();
  const session = useSession();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  useLive();
  usePresence(session.idle_minutes);
  const leave = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/portal/sessions/current")),
    onSettled: () => {
      client.clear();
      location.assign("/portal");
    },
  });
  const { party, person } = session;
  return (
    <div className="shell">
      <header>
        <a className="skip" href="#content">
          {t("app.skip")}
        </a>
        <Button
          className="only-narrow"
          type="text"
          icon={<MenuOutlined />}
          aria-label={t("app.menu")}
          aria-expanded={open}
          onClick={() => setOpen(true)}
        />
        <strong className="only-wide">{t("app.title")}</strong>
        <span className="who">
          {party.display_name}
          {person !== null && person !== undefined && (
            <span className="soft">
              {" "}
              · {person.name} {named("app.role", session.role)}
            </span>
          )}
        </span>
        <Unread />
        <Switches />
        <Button
          type="text"
          icon={<LogoutOutlined />}
          aria-label={t("app.leave")}
          loading={leave.isPending}
          onClick={() => leave.mutate()}
        />
      </header>
      <div className="notice">
        {session.sandbox && <Alert banner type="info" title={t("app.sandbox")} />}
        {party.status === "frozen" && <Alert banner type="warning" title={t("app.frozen")} />}
        {party.status === "closed" && <Alert banner type="warning" title={t("app.closed")} />}
      </div>
      <nav aria-label={t("app.menu")}>
        <Navigation />
      </nav>
      <Drawer open={open} onClose={() => setOpen(false)} placement="left" size={260} title={t("app.title")}>
        <nav aria-label={t("app.menu")}>
          <Navigation done={() => setOpen(false)} />
        </nav>
      </Drawer>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
