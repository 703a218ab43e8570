// Instants are shown in the business zone, whatever zone the reader's machine is in.
import { NOTHING } from "./money";

const formats = new Map<string, Intl.DateTimeFormat>();

function parts(at: string, zone: string): Record<string, string> | null {
  const instant = new Date(at);
  if (Number.isNaN(instant.getTime())) return null;
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(instant).map((part) => [part.type, part.value]));
}

/** `2026-03-01T02:03:04Z` → `2026-03-01 10:03:04`. */
export function time(at: string | null | undefined, zone: string): string {
  const p = at === null || at === undefined ? null : parts(at, zone);
  return p === null ? NOTHING : `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
}

/** The civil date of an instant. */
export function day(at: string | null | undefined, zone: string): string {
  const p = at === null || at === undefined ? null : parts(at, zone);
  return p === null ? NOTHING : `${p.year}-${p.month}-${p.day}`;
}

/** The last second of a civil date of a zone, as an instant. */
export function endOfDay(date: string, zone: string): string | null {
  const wanted = Date.parse(`${date}T23:59:59Z`);
  if (Number.isNaN(wanted)) return null;
  let at = wanted;
  // The offset is that of the instant looked for, which the first round only guesses.
  for (let round = 0; round < 2; round += 1) {
    const p = parts(new Date(at).toISOString(), zone);
    if (p === null) return null;
    at += wanted - Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:${p.second}Z`);
  }
  return new Date(at).toISOString();
}
