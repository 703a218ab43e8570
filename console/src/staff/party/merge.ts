// Lists that come page by page, newest first, as one: shown down to where every one of them is known.

interface Dated {
  at: string;
}

/** The oldest instant down to which nothing can be missing; empty when everything is there. */
export function horizon(streams: { items: Dated[]; more: boolean }[]): string {
  let until = "";
  for (const { items, more } of streams) {
    const oldest = items.at(-1)?.at ?? "";
    if (more && oldest > until) until = oldest;
  }
  return until;
}

/** All of them that are not older than `until`, newest first; of one instant in the order of the lists. */
export function merged<T extends Dated>(streams: T[][], until: string): T[] {
  const all = streams.flat().filter((item) => item.at >= until);
  return all.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}
