/** Who said a line. */
export type Speaker = "caller" | "agent";

/** One line of the conversation; an interim line may still change. */
export interface Caption {
  readonly id: string;
  readonly speaker: Speaker;
  readonly text: string;
  readonly final: boolean;
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
  private opened = 0;

  constructor(private readonly show: (caption: Caption) => void) {}

  /** A line that is complete from the start, such as typed text. */
  add(id: string, speaker: Speaker, text: string): void {
    this.show({ id, speaker, text, final: true });
  }

  /** A new stream for a segment; `write` takes the stream's whole text so far. */
  open(id: string, speaker: Speaker): { write(text: string, final: boolean): void } {
    const order = ++this.opened;
    return {
      write: (text, final) => {
        // An empty stream closes a segment that said nothing, or confirms one already shown.
        if (text.trim() === "" || order < (this.newest.get(id) ?? 0)) return;
        this.newest.set(id, order);
        this.show({ id, speaker, text, final });
      },
    };
  }
}
