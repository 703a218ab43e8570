// Amounts are integers of minor units, from the server to the screen: never a fraction, never a float.

const SIGNS: Record<string, string> = { CNY: "¥" };

/** What stands where there is nothing. */
export const NOTHING = "--";

/** `123456` → `1,234.56`. */
export function decimal(minor: number): string {
  const digits = String(Math.abs(minor)).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${minor < 0 ? "-" : ""}${whole}.${digits.slice(-2)}`;
}

/** `123456` → `¥1,234.56`; other currencies by their code. */
export function money(minor: number | null | undefined, currency = "CNY"): string {
  if (minor === null || minor === undefined || !Number.isSafeInteger(minor)) return NOTHING;
  const sign = SIGNS[currency] ?? `${currency} `;
  return minor < 0 ? `-${sign}${decimal(-minor)}` : `${sign}${decimal(minor)}`;
}

/** What somebody typed, as minor units; `null` when it is not an amount above zero with at most two decimals. */
export function parseAmount(text: string): number | null {
  const plain = text.trim().replace(/^[¥￥]/, "").replace(/[,，\s]/g, "");
  const match = /^(\d{1,13})(?:\.(\d{0,2}))?$/.exec(plain);
  if (match === null) return null;
  const minor = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return minor > 0 ? minor : null;
}

/** Parts per million as a percentage: `50000` → `5%`. */
export function percent(ppm: number): string {
  const digits = String(ppm).padStart(5, "0");
  const fraction = digits.slice(-4).replace(/0+$/, "");
  return `${digits.slice(0, -4)}${fraction === "" ? "" : `.${fraction}`}%`;
}

/** `7.5` or `7.5%`, as somebody typed it, as parts per million; `null` when it is no percentage from 0 to 100. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3})(?:\.(\d{0,4}))?$/.exec(text.trim().replace(/[%％]$/, ""));
  if (match === null) return null;
  const ppm = Number(match[1]) * 10_000 + Number((match[2] ?? "").padEnd(4, "0"));
  return ppm <= 1_000_000 ? ppm : null;
}
