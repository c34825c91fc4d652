import { harmless } from "./plain";

/** Who said a line. */
export type Speaker = "caller" | "agent";

/** One line of the conversation; an interim line may still change. Its text is harmless. */
export interface Caption {
  readonly id: string;
  readonly speaker: Speaker;
  readonly text: string;
  readonly final: boolean;
  /** When it began, in milliseconds since 1970. */
  readonly at?: number;
}

/**
 * The lines of a call, put together from `lk.transcription` streams.
 *
 * Streams that name the same segment replace each other: a recogniser sends its whole text anew
 * with each guess, while an agent's speech grows within one stream. Streams are read side by side,
 * so a line remembers the newest stream that wrote it and ignores older ones.
 */
export class Captions {
  private readonly newest = new Map<string, number>();
  private readonly began = new Map<string, number>();
  private opened = 0;

  constructor(private readonly show: (caption: Caption) => void) {}

  /** A line that is complete from the start, such as typed text. */
  add(id: string, speaker: Speaker, text: string): void {
    this.put(id, speaker, text, true);
  }

  /** A new stream for a segment; `write` takes the stream's whole text so far. */
  open(id: string, speaker: Speaker): { write(text: string, final: boolean): void } {
    const order = ++this.opened;
    return {
      write: (text, final) => {
        if (order < (this.newest.get(id) ?? 0)) return;
        if (this.put(id, speaker, text, final)) this.newest.set(id, order);
      },
    };
  }

  private put(id: string, speaker: Speaker, given: string, final: boolean): boolean {
    const text = harmless(given);
    // An empty stream closes a segment that said nothing, or confirms one already shown.
    if (text.trim() === "") return false;
    const at = this.began.get(id) ?? Date.now();
    this.began.set(id, at);
    this.show({ id, speaker, text, final, at });
    return true;
  }
}
