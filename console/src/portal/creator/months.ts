// Months of the programme as pages show them (X15).
import type { Schemas } from "../../api/client";
import type { Colour } from "../../ui/parts";

export type Statement = Schemas["StatementView"];

export const STATEMENT_STATES: Record<string, Colour> = {
  open: "blue",
  draft: "orange",
  blocked: "red",
  published: "green",
};

/** What of the month is the payee's after everything. */
export const comesTo = (one: Statement): number => one.result_minor - one.tax_minor + one.adjusted_minor;
