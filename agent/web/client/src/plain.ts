/** More of one line than anybody reads, and little enough that no browser labours over it. */
export const MOST_CHARACTERS = 4_000;

/** What follows a text that was cut. */
export const CUT = " […]";

// Controls but for the line feed, and the marks, embeddings, overrides and isolates with which a text
// can turn round what stands beside it. Joiners stay: emoji and several scripts need them.
const HARMFUL = /[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/gu;
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * A text that somebody spoke, typed or sent, fit to be shown as it stands: without characters that
 * steer the display, and cut where it goes on for ever. Markup in it is left to be shown as text.
 */
export function harmless(text: string, most: number = MOST_CHARACTERS): string {
  const kept = text
    .slice(0, most)
    .replace(/\r\n?|[\u2028\u2029\v\f]/g, "\n")
    .replace(/\t/g, " ")
    .replace(HARMFUL, (character) => (character === "\n" ? character : ""))
    .replace(/\n{3,}/g, "\n\n")
    .replace(PILED_MARKS, "$1");
  if (text.length <= most) return wellFormed(kept);
  return wellFormed(kept.replace(/[\ud800-\udbff]$/, "")) + CUT;
}

/** Half a surrogate pair, which is no character, as the sign for that. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

/** A text that grows piece by piece, and no further than is shown. */
export class Growing {
  private whole = "";

  add(piece: string): string {
    if (this.whole.length <= MOST_CHARACTERS) this.whole += piece.slice(0, MOST_CHARACTERS + 1);
    return this.whole;
  }
}
