// States of withdrawals as pages colour them, and what follows from them.
import type { Colour } from "../../ui/parts";
import { every } from "../live";

export const WITHDRAWAL_STATES: Record<string, Colour> = {
  requested: "blue",
  in_review: "orange",
  scheduled: "blue",
  waiting_for_funds: "orange",
  sending: "blue",
  unknown: "blue",
  paid: "green",
  partly_paid: "orange",
  failed: "red",
  bounced: "red",
  rejected: "red",
  cancelled: "grey",
};

const OVER = new Set(["paid", "partly_paid", "failed", "bounced", "rejected", "cancelled"]);

/** Whether nothing more happens to it, but for a bank that returns it. */
export const isOver = (state: string): boolean => OVER.has(state);

const UNSENT = new Set(["requested", "in_review", "scheduled", "waiting_for_funds"]);

/** Whether nothing was sent yet, so that its owner may call it off. */
export const mayCancel = (state: string): boolean => UNSENT.has(state);

const CAME_BACK = new Set(["failed", "bounced", "rejected", "partly_paid"]);

/** Whether money came back, so that its owner may ask again. */
export const cameBack = (state: string): boolean => CAME_BACK.has(state);

/** How soon to look again, ms; never for what is over. */
export const lookAgain = (state: string): number | false => (isOver(state) ? false : every(3_000));
