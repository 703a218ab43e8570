import { expect, test } from "vitest";
import { horizon, merged } from "./merge";

const at = (...days: number[]) => days.map((day) => ({ at: `2026-03-${String(day).padStart(2, "0")}T00:00:00Z` }));

test("nothing is shown below what a list that goes on has reached", () => {
  const streams = [
    { items: at(20, 10, 5), more: true },
    { items: at(19, 1), more: false },
    { items: at(18, 17), more: true },
  ];
  expect(horizon(streams)).toBe(at(17)[0]?.at);
  const shown = merged(streams.map((one) => one.items), horizon(streams));
  expect(shown).toEqual(at(20, 19, 18, 17));
});

test("everything is shown when no list goes on, also when there is nothing", () => {
  expect(horizon([{ items: at(3), more: false }, { items: [], more: false }])).toBe("");
  expect(merged([at(3), at(4, 2)], "")).toEqual(at(4, 3, 2));
  expect(merged([[], []], "")).toEqual([]);
});

test("what one instant tells keeps the order of its lists", () => {
  const a = { at: "2026-03-01T00:00:00Z", name: "a" };
  const b = { ...a, name: "b" };
  expect(merged([[a], [b]], "").map((one) => one.name)).toEqual(["a", "b"]);
});
