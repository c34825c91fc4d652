import type { AudioChoices } from "./line";

/** What a visitor has chosen on this page; empty texts are the usual. */
export interface Preferences extends AudioChoices {
  /** Of the page. */
  readonly lang: string;
  readonly halfDuplex: boolean;
  /** Whether screen readers are given what the agent says. */
  readonly announce: boolean;
  readonly persona: string;
  readonly language: string;
  readonly pipeline: string;
  readonly voice: string;
  readonly mode: string;
}

export const USUAL: Preferences = {
  lang: "",
  microphone: "",
  speaker: "",
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  halfDuplex: false,
  announce: false,
  persona: "",
  language: "",
  pipeline: "",
  voice: "",
  mode: "",
};

const KEY = "parley.preferences";
const LONGEST = 500;

/** Preferences out of what a browser kept; what is none of them, or not fit, is as usual. */
export function readPreferences(text: string | null): Preferences {
  let given: Record<string, unknown> | null = null;
  try {
    given = JSON.parse(text ?? "null") as Record<string, unknown> | null;
  } catch {
    // Of another version of this page, or of nobody's making.
  }
  const fit = Object.entries(USUAL).map(([name, usual]) => {
    const value: unknown = given?.[name];
    const isFit = typeof value === typeof usual && String(value).length <= LONGEST;
    return [name, isFit ? value : usual];
  });
  return Object.fromEntries(fit) as unknown as Preferences;
}

/** What this browser has kept. */
export function keptPreferences(): Preferences {
  try {
    return readPreferences(localStorage.getItem(KEY));
  } catch {
    return USUAL;
  }
}

export function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is full or forbidden: then they hold until the page is left.
  }
}
