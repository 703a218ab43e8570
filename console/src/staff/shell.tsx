// What is around every page of the back office: where one can go, by what one may do.
import {
  ApartmentOutlined,
  AuditOutlined,
  BankOutlined,
  CalendarOutlined,
  CheckSquareOutlined,
  ClusterOutlined,
  ContainerOutlined,
  ControlOutlined,
  DashboardOutlined,
  ExperimentOutlined,
  FileDoneOutlined,
  FileProtectOutlined,
  InboxOutlined,
  KeyOutlined,
  LogoutOutlined,
  MenuOutlined,
  SafetyOutlined,
  ScheduleOutlined,
  TeamOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Badge, Button, Drawer, Input } from "antd";
import { type PropsWithChildren, type ReactNode, useState } from "react";
import { Link, NavLink, useNavigate } from "react-router";
import { api, ok } from "../api/client";
import { type TextKey, useTexts } from "../i18n";
import { Switches } from "../portal/switches";
import { useMay, useStaff } from "./session";
import { pageOf } from "./ui/names";

interface Item {
  to: string;
  text: TextKey;
  icon: ReactNode;
  scope: string;
}

const GROUPS: { text: TextKey; items: Item[] }[] = [
  {
    text: "staff.nav.work",
    items: [
      { to: "/", text: "staff.nav.home", icon: <DashboardOutlined />, scope: "operations:read" },
      { to: "/cases", text: "staff.nav.cases", icon: <InboxOutlined />, scope: "cases:read" },
      { to: "/reviews", text: "staff.nav.reviews", icon: <SafetyOutlined />, scope: "credit:read" },
      { to: "/approvals", text: "staff.nav.approvals", icon: <CheckSquareOutlined />, scope: "operations:read" },
      { to: "/parties", text: "staff.nav.parties", icon: <TeamOutlined />, scope: "parties:read" },
    ],
  },
  {
    text: "staff.nav.money",
    items: [
      { to: "/withdrawals", text: "staff.nav.withdrawals", icon: <BankOutlined />, scope: "withdrawals:read" },
      { to: "/rails", text: "staff.nav.rails", icon: <ClusterOutlined />, scope: "ledger:read" },
      { to: "/ledger", text: "staff.nav.ledger", icon: <ApartmentOutlined />, scope: "ledger:read" },
      { to: "/settlements", text: "staff.nav.settlements", icon: <FileDoneOutlined />, scope: "settlements:read" },
      { to: "/applications", text: "staff.nav.applications", icon: <FileProtectOutlined />, scope: "credit:read" },
    ],
  },
  {
    text: "staff.nav.rules",
    items: [
      { to: "/policy", text: "staff.nav.policy", icon: <ContainerOutlined />, scope: "policy:read" },
      { to: "/calendar", text: "staff.nav.calendar", icon: <CalendarOutlined />, scope: "policy:read" },
    ],
  },
  {
    text: "staff.nav.system",
    items: [
      { to: "/jobs", text: "staff.nav.jobs", icon: <ScheduleOutlined />, scope: "operations:read" },
      { to: "/audit", text: "staff.nav.audit", icon: <AuditOutlined />, scope: "operations:read" },
      { to: "/keys", text: "staff.nav.keys", icon: <KeyOutlined />, scope: "admin" },
      { to: "/people", text: "staff.nav.people", icon: <ControlOutlined />, scope: "admin" },
      { to: "/sandbox", text: "staff.nav.sandbox", icon: <ExperimentOutlined />, scope: "sandbox" },
    ],
  },
];

/** What waits, looked at every half minute. */
export function useDesk() {
  const may = useMay();
  return useQuery({
    queryKey: ["desk"],
    queryFn: () => ok(api.GET("/v1/operations/desk")),
    enabled: may("operations:read"),
    refetchInterval: 30_000,
  });
}

function Navigation({ done }: { done?: () => void }) {
  const { t } = useTexts();
  const session = useStaff();
  const may = useMay();
  const desk = useDesk();
  const waits: Record<string, number> = {
    "/approvals": desk.data?.approvals_for_me ?? 0,
    "/jobs": desk.data?.failed_jobs ?? 0,
  };
  const shown = (item: Item) => may(item.scope) && (item.to !== "/sandbox" || session.sandbox);
  return GROUPS.map((group) => {
    const items = group.items.filter(shown);
    return items.length === 0 ? null : (
      <div key={group.text}>
        <div className="nav-group" aria-hidden>
          {t(group.text)}
        </div>
        <ul className="nav-list" aria-label={t(group.text)}>
          {items.map((item) => (
            <li key={item.to}>
              <NavLink to={item.to} end={item.to === "/"} onClick={done}>
                <span aria-hidden>{item.icon}</span>
                {t(item.text)}
                <Badge count={waits[item.to] ?? 0} size="small" overflowCount={99} />
              </NavLink>
            </li>
          ))}
        </ul>
      </div>
    );
  });
}

/** An id leads to its page, anything else to a search of parties. */
function Find() {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  return (
    <form
      role="search"
      className="only-wide"
      onSubmit={(event) => {
        event.preventDefault();
        const word = text.trim();
        if (word === "") return;
        setText("");
        void navigate(pageOf(word) ?? `/parties?keyword=${encodeURIComponent(word)}`);
      }}
    >
      <Input
        style={{ width: 240 }}
        aria-label={t("staff.find")}
        placeholder={t("staff.find")}
        value={text}
        maxLength={100}
        onChange={(e) => setText(e.target.value)}
      />
    </form>
  );
}

export function Shell({ children }: PropsWithChildren) {
  const { t, named } = useTexts();
  const session = useStaff();
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const leave = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/staff/sessions/current")),
    onSettled: () => {
      client.clear();
      location.assign("/staff");
    },
  });
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
        <strong className="only-wide">{t("staff.title")}</strong>
        <span className="who">
          {session.login} <span className="soft">· {named("staff.role", session.role)}</span>
        </span>
        {may("parties:read") && <Find />}
        <Switches />
        <Link to="/me" aria-label={t("staff.me")} style={{ color: "inherit", padding: 8 }}>
          <UserOutlined />
        </Link>
        <Button
          type="text"
          icon={<LogoutOutlined />}
          aria-label={t("app.leave")}
          loading={leave.isPending}
          onClick={() => leave.mutate()}
        />
      </header>
      <div className="notice">{session.sandbox && <Alert banner type="info" title={t("app.sandbox")} />}</div>
      <nav aria-label={t("app.menu")}>
        <Navigation />
      </nav>
      <Drawer open={open} onClose={() => setOpen(false)} placement="left" size={260} title={t("staff.title")}>
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
