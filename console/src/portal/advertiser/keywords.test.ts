import { expect, test } from "vitest";
import { readKeywords } from "./keywords";

test.each([
  ["red shoes 1.20", { keyword: "red shoes", bid_minor: 120 }],
  ["连衣裙，0.5", { keyword: "连衣裙", bid_minor: 50 }],
  ["  shoes ¥2 ", { keyword: "shoes", bid_minor: 200 }],
  ["size 42 0.05", { keyword: "size 42", bid_minor: 5 }],
  ["shoes", null],
  ["1.20", null],
  ["shoes 1.234", null],
])("%s", (line, read) => expect(readKeywords(line)).toEqual([read]));

test("empty lines are nothing, and the wrong one is known by its place", () => {
  expect(readKeywords("\n\n")).toEqual([]);
  expect(readKeywords("a 1\n\nb\nc 2").indexOf(null)).toBe(1);
});
