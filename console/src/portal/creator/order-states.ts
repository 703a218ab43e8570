// States of task orders as pages colour them.
import type { Colour } from "../../ui/parts";

export const ORDER_COLOURS: Record<string, Colour> = {
  accepted: "blue",
  in_progress: "blue",
  awaiting_acceptance: "orange",
  completed: "orange",
  settled: "green",
  cancelled: "grey",
};
