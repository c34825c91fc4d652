/** In which language the page speaks. */
import { en } from "./languages/en";
import { ko } from "./languages/ko";
import type { PageWord, Words } from "./words";

export const LANGUAGES = { en: "English", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;

const WORDS: Readonly<Record<Language, Words>> = { en, ko };

/** The words of a language. */
export function wordsOf(language: Language): Words {
  return WORDS[language];
}

/** The language to begin with: what the address asks for, what was chosen before, the browser's. */
export function chooseLanguage(
  query: string,
  kept: string,
  browser: readonly string[],
): Language {
  const asked = [new URLSearchParams(query).get("lang") ?? "", kept, ...browser];
  for (const tag of asked) {
    const base = tag.toLowerCase().split("-", 1)[0];
    if (base !== undefined && Object.hasOwn(WORDS, base)) return base as Language;
  }
  return "en";
}

const PLACES = [
  ["word", (element: HTMLElement, text: string) => (element.textContent = text)],
  ["wordLabel", (element: HTMLElement, text: string) => element.setAttribute("aria-label", text)],
  ["wordPlaceholder", (element: HTMLElement, text: string) => element.setAttribute("placeholder", text)],
] as const;

/** Puts the words of a language wherever the page names one of them. */
export function speak(root: HTMLElement, language: Language): void {
  document.documentElement.lang = language;
  const { page } = wordsOf(language);
  for (const element of root.querySelectorAll<HTMLElement>("[data-word],[data-word-label],[data-word-placeholder]"))
    for (const [name, put] of PLACES) {
      const word = element.dataset[name];
      if (word !== undefined && Object.hasOwn(page, word)) put(element, page[word as PageWord]);
    }
}
