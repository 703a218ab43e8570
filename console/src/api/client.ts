// The one way to the server. Types come from its contract; the session is a cookie that no script can read.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../generated/schema";
import { Problem, problemOf } from "./problem";

export type Schemas = components["schemas"];

let csrf = "";

/** What every change carries from now on; it comes with the session. */
export function setCsrfToken(token: string): void {
  csrf = token;
}

const middleware: Middleware = {
  onRequest({ request }) {
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
