import type { Caption } from "./captions";
import { make } from "./dom";
import { harmless } from "./plain";
import { Transcript } from "./transcript";
import type { Words } from "./words";

const MOST_SHOWN = 300;
/** Within this many pixels of its end a list follows what is new. */
const NEAR_END_PX = 80;

/** The conversation on the page: a list of lines, cards and notes. */
export class Conversation {
  readonly transcript = new Transcript();
  private readonly lines = new Map<string, HTMLLIElement>();
  /** Whether the reader is at the end, and so follows what is new. */
  private follows = true;

  constructor(
    private readonly list: HTMLOListElement,
    private readonly words: () => Words,
  ) {
    list.replaceChildren();
    this.frame.onscroll = () => (this.follows = this.isAtEnd());
    // Also where there is less room of a sudden, as with a keyboard on the screen.
    new ResizeObserver(() => this.follow()).observe(this.frame);
  }

  /** What scrolls: the list's frame. */
  private get frame(): HTMLElement {
    return this.list.parentElement ?? this.list;
  }

  caption(caption: Caption): void {
    this.transcript.note(caption);
    const line = this.lines.get(caption.id) ?? this.addLine(caption);
    const text = line.querySelector("bdi");
    // Whatever was spoken or typed is text, never markup.
    if (text) text.textContent = caption.text;
    line.dataset["final"] = String(caption.final);
    this.follow();
  }

  /** Shows what a tool found or did. */
  card(card: HTMLElement): void {
    this.append(make("li", "of-card", card));
  }

  /** Tells of something that happened. */
  note(text: string): void {
    const isolated = make("bdi", "", harmless(text));
    isolated.dir = "auto";
    this.append(make("li", "note", isolated));
  }

  private addLine({ id, speaker }: Caption): HTMLLIElement {
    const { page } = this.words();
    const text = make("bdi", "");
    text.dir = "auto";
    const name = speaker === "caller" ? page.you : page.assistant;
    const line = make("li", "said", make("span", "unseen", `${name}: `), text);
    line.dataset["speaker"] = speaker;
    this.lines.set(id, line);
    this.append(line);
    return line;
  }

  private append(item: HTMLLIElement): void {
    this.list.append(item);
    while (this.list.childElementCount > MOST_SHOWN) this.dropFirst();
    this.follow();
  }

  private dropFirst(): void {
    const first = this.list.querySelector("li:not(.cut)");
    first?.remove();
    for (const [id, line] of this.lines) if (line === first) this.lines.delete(id);
    if (!this.list.querySelector(".cut"))
      this.list.prepend(make("li", "note cut", this.words().page.earlier));
  }

  private isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.frame;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  private follow(): void {
    if (this.follows) this.frame.scrollTop = this.frame.scrollHeight;
  }
}
