// Keywords as people write them down.
import { parseAmount } from "../../format/money";

/** `words 1.20` on each line; `null` where a line has no bid at its end. */
export function readKeywords(text: string): ({ keyword: string; bid_minor: number } | null)[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const match = /^(.+?)[\s,，]+([¥￥]?[\d.]+)$/.exec(line);
      const bid = parseAmount(match?.[2] ?? "");
      return match?.[1] === undefined || bid === null ? null : { keyword: match[1], bid_minor: bid };
    });
}
