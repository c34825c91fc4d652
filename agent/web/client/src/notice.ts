import { make } from "./dom";
import type { Language } from "./language";
import { harmless } from "./plain";
import type { Told, Words } from "./words";

type Telling = (words: Words, language: Language) => Told;

/** What went wrong, or else is to be known, above everything else; screen readers read it at once. */
export class Notice {
  private telling: Telling | undefined;

  constructor(private readonly line: HTMLElement) {}

  tell(telling: Telling, words: Words, language: Language): void {
    this.telling = telling;
    this.retell(words, language);
  }

  clear(): void {
    this.telling = undefined;
    this.line.hidden = true;
    this.line.replaceChildren();
  }

  /** The same, in another language. */
  retell(words: Words, language: Language): void {
    if (!this.telling) return;
    const { text, quoted, then } = this.telling(words, language);
    const parts: (Node | string)[] = [text];
    if (quoted) {
      // The server speaks English, whatever the page speaks.
      const sentence = make("bdi", "", harmless(quoted, 500));
      sentence.lang = "en";
      parts.push(" ", sentence);
    }
    if (then) parts.push(" ", make("strong", "", then));
    this.line.replaceChildren(...parts);
    this.line.hidden = false;
  }
}
