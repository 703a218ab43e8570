// What a server would answer, for screens without one. The types are the contract's: an answer that no longer fits it does
// not compile (record anew with mocks/record.mjs).
import type { paths } from "../src/generated/schema";
import advertiser from "./answers/advertiser.json";
import agency from "./answers/agency.json";
import creator from "./answers/creator.json";
import merchant from "./answers/merchant.json";

type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : never;
/** Values whose names the contract leaves open are anything. */
type Open<T> = T extends (infer One)[]
  ? Open<One>[]
  : T extends object
    ? string extends keyof T
      ? Record<string, unknown>
      : { [K in keyof T]: Open<T[K]> }
    : T;
/** What reading a route answers. */
type AnswerOf<P extends keyof paths> = paths[P] extends { get: { responses: { 200: infer R } } } ? Open<Json<R>> : never;
/** Answers by route. */
export type Answers = { [P in keyof paths]?: AnswerOf<P> };

export const PEOPLE = { creator, agency, merchant, advertiser } satisfies Record<string, Answers>;
export type Person = keyof typeof PEOPLE;

/** Whom a visitor of the demo may be. */
export const PERSONAS: AnswerOf<"/v1/portal/personas"> = {
  data: (["creator", "agency", "merchant", "advertiser"] as const).map((name) => ({
    name,
    title: PEOPLE[name]["/v1/portal/session"].party.display_name,
    path: "/portal",
  })),
  next_cursor: null,
};

const problem = (status: number, code: string, facts: Record<string, string> = {}) => ({
  status,
  body: { type: `/problems/${code}`, title: code, status, detail: code, code, retryable: false, instance: "req_mock", errors: [], facts },
});

/** Whether a path is one of a template. */
function fits(template: string, path: string): boolean {
  const [wanted, given] = [template.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith("{") || part === given[at]);
}

/** The answer to a request of a page, for somebody signed in or nobody. */
export function answer(person: Person | null, method: string, path: string): { status: number; body: unknown } {
  if (path === "/v1/portal/personas") return { status: 200, body: PERSONAS };
  if (path === "/v1/portal/sessions" && method === "POST") {
    return problem(409, "portal_session_other", { signed_in_as: PEOPLE.creator["/v1/portal/session"].party.display_name });
  }
  if (person === null) return problem(401, "token_missing");
  // What is told at once is not told here: pages look by themselves.
  if (path === "/v1/portal/stream") return problem(503, "streams_busy");
  if (method !== "GET") return problem(503, "busy");
  const answers = Object.entries(PEOPLE[person]);
  const exact = answers.find(([template]) => template === path);
  const found = exact ?? answers.find(([template]) => fits(template, path));
  return found === undefined ? problem(404, "not_yours") : { status: 200, body: found[1] };
}
