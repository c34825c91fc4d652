import { bearer } from "./pass";

/** What this page's server offers to choose, the usual first of each; see agent/web/offer.py. */
export interface Offer {
  readonly personas: readonly OfferedPersona[];
  readonly pipelines: readonly string[];
  readonly languages: readonly string[];
  readonly voices: readonly string[];
  readonly modes: readonly string[];
}

export interface OfferedPersona {
  readonly name: string;
  readonly title: string;
}

export const NOTHING: Offer = { personas: [], pipelines: [], languages: [], voices: [], modes: [] };

const TIMEOUT_MS = 5_000;

/** The offer; nothing where it cannot be had: calls can be made without. */
export async function fetchOffer(): Promise<Offer> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch("api/offer", { headers: bearer(), signal });
    return response.ok ? readOffer(await response.json()) : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function readOffer(value: unknown): Offer {
  const given = (value ?? {}) as Record<string, unknown>;
  const texts = (name: string) => list(given[name]).filter((item) => typeof item === "string");
  return {
    personas: list(given["personas"]).filter(isPersona),
    pipelines: texts("pipelines"),
    languages: texts("languages"),
    voices: texts("voices"),
    modes: texts("modes"),
  };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isPersona(value: unknown): value is OfferedPersona {
  const { name, title } = (value ?? {}) as Partial<OfferedPersona>;
  return typeof name === "string" && typeof title === "string";
}
