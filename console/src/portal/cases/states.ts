// States of cases as pages colour them.
import type { Colour } from "../../ui/parts";

export const CASE_STATES: Record<string, Colour> = {
  open: "blue",
  waiting_for_party: "orange",
  waiting_for_staff: "blue",
  resolved: "green",
  refused: "red",
  withdrawn: "grey",
};

const OVER = new Set(["resolved", "refused", "withdrawn"]);

export const isClosed = (state: string): boolean => OVER.has(state);

/** What somebody may open by hand, the usual first. */
export const BY_HAND = ["help", "fee_dispute", "limit_query", "appeal", "paperwork", "lost_phone"];
