import { found, make } from "./dom";
import { type Language, wordsOf } from "./language";
import { NOTHING, type Offer } from "./offer";
import { harmless } from "./plain";
import type { Preferences } from "./preferences";
import type { CallOptions } from "./token";

const NAMES = ["persona", "language", "pipeline", "voice", "mode"] as const;
type Name = (typeof NAMES)[number];

/** The selects of what a call may be like; those with nothing to choose are not there. */
export class Choices {
  private readonly selects = Object.fromEntries(
    NAMES.map((name) => [name, found(`choose-${name}`, HTMLSelectElement)]),
  ) as Record<Name, HTMLSelectElement>;

  private offer: Offer = NOTHING;

  constructor(
    /** Options in the page's address, which hold whatever is chosen. */
    private readonly address: Readonly<Record<string, string>>,
    private readonly changed: (choice: Partial<Preferences>) => void,
  ) {
    for (const name of NAMES)
      this.selects[name].addEventListener("change", () =>
        this.changed({ [name]: this.selects[name].value }),
      );
  }

  take(offer: Offer): void {
    this.offer = offer;
  }

  /** Shows what there is to choose, in the page's language, and what is chosen. */
  show(language: Language, preferences: Preferences): void {
    const { page } = wordsOf(language);
    const { offer } = this;
    const namesOf = new Intl.DisplayNames(language, { type: "language" });
    const same = (value: string): Option => [value, page[value as "room"] ?? value];
    const voices = offer.voices.map((voice): Option => [voice, voice]);
    const personas = offer.personas.map(({ name, title }): Option => [name, title]);
    const languages = offer.languages.map((tag): Option => [tag, named(namesOf, tag)]);
    this.fill("persona", preferences, personas);
    this.fill("language", preferences, languages, language);
    this.fill("pipeline", preferences, offer.pipelines.map(same));
    this.fill("voice", preferences, voices.length ? [["", page.usualVoice], ...voices] : []);
    this.fill("mode", preferences, offer.modes.map(same));
  }

  /** What is told the server of the next call: what is not as it would be anyway. */
  get options(): CallOptions {
    const chosen = NAMES.filter((name) => this.selects[name].selectedIndex > 0);
    const { mode: _, ...options } = {
      ...Object.fromEntries(chosen.map((name) => [name, this.selects[name].value])),
      ...this.address,
    } as Record<string, string>;
    return options;
  }

  get mode(): string {
    return this.selects.mode.value || "room";
  }

  /** The name of somebody who speaks, for people. */
  title(persona: string): string {
    return this.offer.personas.find(({ name }) => name === persona)?.title ?? persona;
  }

  private fill(name: Name, preferences: Preferences, options: readonly Option[], wished = ""): void {
    const select = this.selects[name];
    const values = options.map(([value]) => value);
    const chosen = [this.address[name], preferences[name], wished].find(
      (value) => value !== undefined && value !== "" && values.includes(value),
    );
    select.replaceChildren(...options.map(([value, text]) => option(value, text)));
    select.value = chosen ?? values[0] ?? "";
    const field = select.closest<HTMLElement>(".field");
    if (field) field.hidden = options.length < 2;
    // Who came by a link that says which has chosen.
    select.disabled = this.address[name] !== undefined;
  }
}

type Option = readonly [value: string, text: string];

function option(value: string, text: string): HTMLOptionElement {
  const element = make("option", "", harmless(text, 80));
  element.value = value;
  return element;
}

function named(names: Intl.DisplayNames, tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
