// The one way to the server. Types come from its contract; the session is a cookie that no script can read.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../generated/schema";
import { Problem, problemOf } from "./problem";

export type Schemas = components["schemas"];

let csrf = "";
let meant = "";

/** Which of a browser's two sessions calls mean from now on; the portal's when nobody says. */
export function setConsole(name: "staff"): void {
  meant = name;
}

/** What a request that does not go through the client carries besides its cookie. */
export const consoleHeaders = (): Record<string, string> => (meant === "" ? {} : { "X-Purser-Console": meant });

/** What every change carries from now on; it comes with the session. */
export function setCsrfToken(token: string): void {
  csrf = token;
}

const middleware: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(consoleHeaders())) request.headers.set(name, value);
    if (request.method !== "GET" && csrf !== "") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
    return response;
  },
  onError() {
    return new Problem({ status: 0, code: "unreachable", detail: "", retryable: true });
  },
};

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  credentials: "same-origin",
});
api.use(middleware);

/** The answer of a call; refusals were thrown by the middleware. */
export async function ok<T>(call: Promise<{ data?: T | undefined }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

/** A key for one intent: sent again when the answer was lost, so that money moves once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
