import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "./en";
import { zh } from "./zh";

const SOURCE = join(import.meta.dirname, "..");

const sources = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !/^i18n|schema\.d\.ts$|\.test\./.test(name))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), "utf8") }));

test("no key is missing in either language, and none is empty", () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  for (const [key, text] of [...Object.entries(zh), ...Object.entries(en)]) expect(text.trim(), key).not.toBe("");
});

test("both languages fill in the same values", () => {
  const values = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1] ?? "").sort();
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect(values(en[key]), key).toEqual(values(zh[key]));
});

test("Chinese texts are Chinese and English ones are not", () => {
  const exempt = new Set(["app.language"]);
  for (const [key, text] of Object.entries(en)) if (!exempt.has(key)) expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
  for (const [key, text] of Object.entries(zh)) if (!exempt.has(key)) expect(text, key).toMatch(/[\u4e00-\u9fff]/);
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
  const unused = Object.keys(zh).filter(
    (key) => !all.includes(`"${key}"`) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});
