import { make } from "./dom";
import type { AppointmentCard, ToolFinished, WeatherCard } from "./events.gen";
import { icon } from "./icons";
import { harmless } from "./plain";
import { type Words, sky } from "./words";

type Card = NonNullable<ToolFinished["card"]>;

const MOST_CHARACTERS = 200;

/** What a tool found or did, to be shown; undefined for a kind this page does not know. */
export function drawCard(card: Card, words: Words, language: string): HTMLElement | undefined {
  try {
    switch (card.kind) {
      case "weather":
        return weather(card, words, language);
      case "appointment":
        return appointment(card, words, language);
      default:
        return undefined;
    }
  } catch {
    return undefined; // times or numbers that are none
  }
}

function weather(card: WeatherCard, words: Words, language: string): HTMLElement {
  const inUnit = (value: number, unit: string, unitDisplay: "short" | "narrow" = "short") =>
    new Intl.NumberFormat(language, {
      style: "unit",
      unit,
      unitDisplay,
      maximumFractionDigits: 0,
    }).format(value);
  const degrees = (value: number) => inUnit(value, "celsius", "short");
  const day = new Date(`${card.day}T12:00:00Z`);
  const on = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  const kind = sky(card.condition);
  return shown(
    "weather",
    icon(kind),
    make(
      "div",
      "card-head",
      make("p", "card-title", isolated(card.place)),
      make("p", "card-sub", on.format(day)),
    ),
    make(
      "p",
      "card-figure",
      degrees(card.temperature_c),
      make("span", "card-sub", words.conditions[kind]),
    ),
    facts([
      [words.card.highLow, `${degrees(card.high_c)} / ${degrees(card.low_c)}`],
      [words.card.rain, card.rain_percent === null ? "" : `${card.rain_percent} %`],
      [words.card.wind, card.wind_kmh === null ? "" : inUnit(card.wind_kmh, "kilometer-per-hour")],
    ]),
    card.forecast ? undefined : make("p", "card-sub", words.card.usual),
  );
}

function appointment(card: AppointmentCard, words: Words, language: string): HTMLElement {
  const onDay = { weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;
  const atTime = { hour: "numeric", minute: "2-digit" } as const;
  const [starts, ends] = [onTheirClock(card.starts_at), onTheirClock(card.ends_at)];
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" });
  return shown(
    "appointment",
    icon(card.action === "cancelled" ? "cancelled" : "calendar"),
    make(
      "div",
      "card-head",
      make("p", "card-title", words.appointment[card.action]),
      card.subject === "" ? undefined : make("p", "card-sub", isolated(card.subject)),
    ),
    make("p", "card-when", format(onDay).format(starts), make("span", "", format(atTime).formatRange(starts, ends))),
    facts([[words.card.reference, card.reference]]),
  );
}

/** A moment such that its UTC fields are those of the clock on which it was written: an appointment
 * is at the hour of the place where it is kept, wherever the caller is. */
function onTheirClock(iso: string): Date {
  return new Date(`${iso.slice(0, 19)}Z`);
}

function shown(kind: string, ...content: (Node | undefined)[]): HTMLElement {
  const card = make("article", "card", ...content);
  card.dataset["card"] = kind;
  return card;
}

function facts(pairs: readonly (readonly [string, string])[]): HTMLElement {
  const told = pairs.filter(([, value]) => value !== "");
  return make(
    "dl",
    "card-facts",
    ...told.map(([term, value]) =>
      make("div", "", make("dt", "", term), make("dd", "", isolated(value))),
    ),
  );
}

/** Text from outside, which keeps its own direction to itself. */
function isolated(text: string): HTMLElement {
  const element = make("bdi", "", harmless(text, MOST_CHARACTERS));
  element.dir = "auto";
  return element;
}
