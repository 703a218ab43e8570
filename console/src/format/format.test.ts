import { expect, test } from "vitest";
import { decimal, money, parseAmount, parsePercent, percent } from "./money";
import { day, endOfDay, time } from "./time";

test.each([
  [0, "0.00"],
  [1, "0.01"],
  [99, "0.99"],
  [100, "1.00"],
  [123456, "1,234.56"],
  [100000000, "1,000,000.00"],
  [-123456, "-1,234.56"],
  [9007199254740991, "90,071,992,547,409.91"],
])("%i minor units are %s", (minor, text) => expect(decimal(minor)).toBe(text));

test("amounts carry their sign of currency, and nothing is two dashes", () => {
  expect(money(123456)).toBe("¥1,234.56");
  expect(money(-5)).toBe("-¥0.05");
  expect(money(100, "EUR")).toBe("EUR 1.00");
  expect([money(null), money(undefined), money(0.5), money(Number.NaN)]).toEqual(["--", "--", "--", "--"]);
});

test.each([
  ["1,234.56", 123456],
  ["¥ 0.10", 10],
  ["12", 1200],
  ["12.", 1200],
  ["12.5", 1250],
  ["0.29", 29],
  ["1.13", 113],
  ["0", null],
  ["", null],
  ["-1", null],
  ["1.234", null],
  ["1e5", null],
  ["一百", null],
  ["99999999999999", null],
])("%s is %s minor units", (text, minor) => expect(parseAmount(text)).toBe(minor));

test("what is shown is read back as it was", () => {
  for (let minor = 1; minor < 100_000; minor += 37) expect(parseAmount(decimal(minor))).toBe(minor);
});

test.each([
  [50000, "5%"],
  [6000, "0.6%"],
  [0, "0%"],
  [1234567, "123.4567%"],
])("%i parts per million are %s", (ppm, text) => expect(percent(ppm)).toBe(text));

test.each([
  ["5", 50000],
  ["0.6%", 6000],
  [" 12.3456 ", 123456],
  ["0", 0],
  ["100", 1000000],
  ["100.1", null],
  ["-1", null],
  ["", null],
  ["a", null],
  ["1.23456", null],
])("%s is %s parts per million", (text, ppm) => expect(parsePercent(text)).toBe(ppm));

test("times are those of the business zone", () => {
  expect(time("2026-02-28T16:00:00Z", "Asia/Shanghai")).toBe("2026-03-01 00:00:00");
  expect(day("2026-02-28T16:00:00Z", "Asia/Shanghai")).toBe("2026-03-01");
  expect(day("2026-02-28T15:59:59Z", "Asia/Shanghai")).toBe("2026-02-28");
  expect([time(null, "Asia/Shanghai"), time("soon", "Asia/Shanghai")]).toEqual(["--", "--"]);
});

test("a day ends where its zone says, also when clocks are changed on it", () => {
  expect(endOfDay("2026-03-01", "Asia/Shanghai")).toBe("2026-03-01T15:59:59.000Z");
  expect(endOfDay("2026-03-01", "UTC")).toBe("2026-03-01T23:59:59.000Z");
  expect(endOfDay("2026-03-29", "Europe/Berlin")).toBe("2026-03-29T21:59:59.000Z");
  expect(endOfDay("soon", "UTC")).toBeNull();
});
