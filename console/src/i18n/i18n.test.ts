import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "./en";
import { staffEn } from "./staff.en";
import { staffZh } from "./staff.zh";
import { zh } from "./zh";

/** All texts: those of the portal, and those that only the back office brings. */
const CHINESE: Record<string, string> = { ...zh, ...staffZh };
const ENGLISH: Record<string, string> = { ...en, ...staffEn };

const SOURCE = join(import.meta.dirname, "..");

const sources = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !/^i18n|schema\.d\.ts$|\.test\./.test(name))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), "utf8") }));

test("no key is missing in either language, and none is empty", () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  expect(Object.keys(staffEn).sort()).toEqual(Object.keys(staffZh).sort());
  for (const [key, text] of [...Object.entries(CHINESE), ...Object.entries(ENGLISH)]) expect(text.trim(), key).not.toBe("");
});

test("both languages fill in the same values", () => {
  const values = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1] ?? "").sort();
  for (const key of Object.keys(CHINESE)) expect(values(ENGLISH[key] ?? ""), key).toEqual(values(CHINESE[key] ?? ""));
});

test("Chinese texts are Chinese and English ones are not", () => {
  const exempt = new Set(["app.language"]);
  for (const [key, text] of Object.entries(ENGLISH)) if (!exempt.has(key)) expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
  for (const [key, text] of Object.entries(CHINESE)) if (!exempt.has(key)) expect(text, key).toMatch(/[\u4e00-\u9fff]/);
});

test("pages contain no text of their own", () => {
  for (const { name, text } of sources) {
    const code = text.replace(/\/\/.*$/gm, "").replace(/\/\*[\s\S]*?\*\//g, "");
    expect(code.match(/[\u4e00-\u9fff]+/g), name).toBeFalsy();
  }
});

test("every key is used", () => {
  const all = sources.map(({ text }) => text).join("\n");
  const prefixes = [...all.matchAll(/named\(\s*"([\w.]+)"/g)].map((found) => `${found[1]}.`);
  prefixes.push(...[...all.matchAll(/\bt\(`([\w.]+)\.\$\{/g)].map((found) => `${found[1]}.`));
  const unused = Object.keys(CHINESE).filter(
    (key) => !all.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});

test("what only the back office brings is used there alone", () => {
  expect(Object.keys(staffZh).filter((key) => !key.startsWith("staff."))).toEqual([]);
  const others = sources.filter(({ name, text }) => !name.startsWith("staff/") && /["`]staff\./.test(text));
  expect(others.map(({ name }) => name)).toEqual([]);
});
