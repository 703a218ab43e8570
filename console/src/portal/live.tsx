// What happens to the party is told by the server (SSE) and read anew at once; where it cannot be told, pages look by
// themselves as before. And the other way: the server is told that somebody is still there.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../api/client";
import { SESSION_KEY } from "../app/session";

/** What a topic of the stream changes: the first parts of keys of queries. */
const READ_ANEW: Record<string, string[]> = {
  withdrawals: ["withdrawal", "withdrawals", "overview", "explain", "proceeds", "limit", "payout-accounts", "studio"],
  earnings: ["overview", "explain", "orders", "agency-orders", "members", "settlement-orders"],
  statements: ["statements", "statement", "settlements", "settlement", "settlement-orders", "overview", "explain"],
  limit: ["limit", "limit-log", "limit-then", "advice", "credit-orders", "credit-order", "applications", "appeals", "proceeds", "explain"],
  ads: ["ad-account", "ad-lines", "ad-report", "campaigns", "campaign", "keywords", "payment-orders"],
  cases: ["cases", "case", "studio", "applications", "appeals"],
  party: ["phone", "identity", "studio", "explain", ...SESSION_KEY],
};

/** How much longer pages wait that are told: a net under the stream. */
const TOLD = 20;
/** How soon a stream that was refused is tried again, ms. */
const AGAIN = 30_000;

let told = false;

/** How often to look, ms: seldom while the server tells what happens. */
export const every = (milliseconds: number): number => (told ? milliseconds * TOLD : milliseconds);

function readAnew(client: QueryClient, topics: string[]): void {
  if (topics.includes("everything")) {
    void client.invalidateQueries();
    return;
  }
  const keys = new Set(["messages", ...topics.flatMap((topic) => READ_ANEW[topic] ?? [])]);
  void client.invalidateQueries({ predicate: ({ queryKey }) => keys.has(String(queryKey[0])) });
}

function topicsOf(event: Event): string[] {
  const data: unknown = JSON.parse((event as MessageEvent<string>).data);
  const topics = typeof data === "object" && data !== null && "topics" in data ? data.topics : [];
  return Array.isArray(topics) ? topics.map(String) : [];
}

/** Follows the stream while the page is looked at. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let been = false;
    const close = () => {
      clearTimeout(timer);
      source?.close();
      source = null;
      told = false;
    };
    const open = () => {
      close();
      if (document.hidden) return;
      source = new EventSource("/v1/portal/stream");
      source.addEventListener("hello", () => {
        told = true;
        document.documentElement.dataset.live = "true";
        // What happened while nobody listened.
        if (been) void client.invalidateQueries();
        been = true;
      });
      source.addEventListener("changed", (event) => readAnew(client, topicsOf(event)));
      source.addEventListener("over", () => {
        close();
        void client.resetQueries({ queryKey: SESSION_KEY });
      });
      source.onerror = () => {
        told = false;
        delete document.documentElement.dataset.live;
        // A broken stream comes back by itself; one that was refused does not.
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN);
      };
    };
    open();
    document.addEventListener("visibilitychange", open);
    return () => {
      document.removeEventListener("visibilitychange", open);
      close();
    };
  }, [client]);
}

/** Tells the server that somebody is there, now and then, when somebody does something. */
export function usePresence(idleMinutes: number): void {
  const client = useQueryClient();
  useEffect(() => {
    const idle = idleMinutes * 60_000;
    let acted = Date.now();
    let said = acted;
    const act = () => {
      acted = Date.now();
      if (acted - said < idle / 4) return;
      said = acted;
      // Whoever is out already is told so by the next answer.
      api.POST("/v1/portal/sessions/current/seen").catch(() => client.resetQueries({ queryKey: SESSION_KEY }));
    };
    // Where nobody acts, the page says so when the time has come, and shows nothing more.
    const look = setInterval(() => {
      if (Date.now() - acted >= idle) void client.resetQueries({ queryKey: SESSION_KEY });
    }, 60_000);
    const events = ["pointerdown", "keydown", "wheel", "touchstart"] as const;
    for (const name of events) addEventListener(name, act, { passive: true });
    return () => {
      clearInterval(look);
      for (const name of events) removeEventListener(name, act);
    };
  }, [client, idleMinutes]);
}
