// Refusals (RFC 9457) as pages show them.

/** What a refusal carries. */
export interface ProblemParts {
  status: number;
  code: string;
  detail: string;
  retryable: boolean;
  facts?: Record<string, unknown>;
  instance?: string;
  errors?: { pointer: string; detail: string }[];
}

/** An answer that is no success. `status` 0: there was none. */
export class Problem extends Error {
  readonly parts: ProblemParts;

  constructor(parts: ProblemParts) {
    super(parts.detail === "" ? parts.code : parts.detail);
    this.parts = parts;
  }

  /** What people read of it in their language; the exact sentence for programs where there is no other. */
  sentence(language: string): string {
    const name = language.startsWith("zh") ? "message_zh" : "message_en";
    const text = this.parts.facts?.[name];
    return typeof text === "string" ? text : this.parts.detail;
  }
}

/** Reads a refusal; whatever else answered in the server's place is told by its status. */
export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<ProblemParts>;
    if (typeof body.code === "string") {
      return new Problem({ detail: "", retryable: false, ...body, code: body.code, status: response.status });
    }
  } catch {
    // No problem document: a proxy, say.
  }
  const retryable = response.status >= 500;
  return new Problem({ status: response.status, code: "unexpected_answer", detail: "", retryable });
}

/** Whether the session is over, or was never there. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Problem && error.parts.status === 401;
}

/** Whether it is there but not for whoever asks. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Problem && error.parts.status === 403;
}
