"""One value out of what was said: an extractor for each kind of slot."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import Any

from rapidfuzz import fuzz

from agent.sandbox.dialogue import dates
from agent.sandbox.dialogue.heard import Heard, Listening
from agent.sandbox.dialogue.names import find_person, find_place, find_text
from agent.sandbox.dialogue.slots import Kind, Slot
from agent.sandbox.dialogue.words import (
    COMMON,
    LANGUAGES,
    name_words,
    stem,
    title_case,
    words_of,
)

Extractor = Callable[[Heard, Slot, Listening], Any]


def extract(heard: Heard, slot: Slot, listening: Listening) -> Any:
    """The slot's value in `heard`, taken out of it, or None if nothing there fits."""
    return _EXTRACTORS[slot.kind](heard, slot, listening)


def _date(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    return _take_found(heard, dates.find_date(heard.text, listening.now))


def _weekday(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    return _take_found(heard, dates.find_weekday(heard.text, listening.now))


def _time(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    return _take_found(heard, dates.find_time(heard.text, listening.now, bare=listening.answering))


def _datetime(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    found = dates.find_datetime(heard.text, listening.now)
    if found is None:
        return None
    spans, moment = found
    for span in spans:
        heard.take(span)
    if slot.schema.get("format") == "date-time" and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="seconds" if moment.tzinfo else "minutes")


def _take_found(heard: Heard, found: dates.Found | None) -> str | None:
    if found is None:
        return None
    heard.take(found[0])
    return found[1]


_LOCAL = (
    r"[a-z0-9][a-z0-9+_-]*(?:(?:\s?\.\s?|\s(?:dot|underscore|dash|hyphen|plus)\s)[a-z0-9]+){0,4}"
)
_SPELLED = r"(?:[a-z0-9] ){2,20}[a-z0-9]"
_HOST = r"[a-z0-9-]+(?:(?:\s?\.\s?|\s(?:dot|dash)\s)[a-z0-9-]+){1,4}"
_EMAIL = re.compile(rf"\b({_SPELLED}|{_LOCAL})(?:\s?@\s?| at )({_HOST})\b", re.IGNORECASE)
_SIGNS = {"dot": ".", "underscore": "_", "dash": "-", "hyphen": "-", "plus": "+"}


def _email(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    match = _EMAIL.search(heard.text)
    if match is None:
        return None
    heard.take(match.span())
    local, host = (
        "".join(_SIGNS.get(word, word) for word in part.lower().split()) for part in match.groups()
    )
    return f"{local}@{host}"


_DIGIT_ROW = re.compile(r"(?:(?:plus |\+)\s?)?\d+(?:[ -]\d+|(?<=\b\d), \d\b)*(?:\.(?=\s|$))?")
_CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*\b", re.IGNORECASE)
_SPELLED_CODE = re.compile(
    r"\b(?:[b-hj-z]|a(?= [a-z0-9]\b))(?: [a-z0-9]\b)* \d[\d -]*", re.IGNORECASE
)


def _digits(row: str) -> str:
    plus = "+" if row.startswith(("+", "plus")) else ""
    return plus + re.sub(r"\D", "", row)


def _phone(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    for match in _DIGIT_ROW.finditer(heard.text):
        if len(re.sub(r"\D", "", match[0])) >= (3 if listening.answering else 5):
            return _digits(heard.take(match.span()))
    return None


def _code(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    """An order number, a code, an id: digits in a row, or letters and digits."""
    spelled = _SPELLED_CODE.search(heard.text)
    if spelled:
        return re.sub(r"[\s-]", "", heard.take(spelled.span())).upper()
    rows = list(_DIGIT_ROW.finditer(heard.text))
    named = [row for row in rows if _follows_name(heard.text[: row.start()], slot)]
    long = [row for row in rows if len(_digits(row[0])) >= (1 if listening.answering else 3)]
    mixed = [
        code
        for code in _CODE.finditer(heard.text)
        if not re.fullmatch(r"\d+(?:st|nd|rd|th)", code[0])
    ]
    if mixed:
        return heard.take(mixed[0].span()).upper()
    if named or long:
        return _digits(heard.take([*named, *long][0].span()))
    answer = heard.answer() if listening.answering else ""
    if answer and " " not in answer and answer.lower() not in COMMON | {"no"}:
        return heard.take_all(answer)
    return None


def _follows_name(before: str, slot: Slot) -> bool:
    """Whether the words just before a number are the slot's own: "order number", "id"."""
    last = {stem(word) for word in words_of(before)[-3:]}
    return bool(last & {stem(word) for word in [*name_words(slot.name), "number"] if len(word) > 1})


_NUMBER = re.compile(
    r"(?P<minus>\b(?:minus|negative) |(?<![\w.])-)?"
    r"(?P<row>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[ -]\d+\b)*)(?![\w:])"
)


def _number(heard: Heard, slot: Slot, listening: Listening) -> int | float | None:
    found = [m for m in _NUMBER.finditer(heard.text) if len(m["row"]) <= 18]
    found.sort(key=lambda m: not _beside_name(heard.text, m, slot))
    for match in found:
        number = _value(match)
        if _within(number, slot.schema):
            heard.take(match.span())
            return number
    return None


def _value(match: re.Match[str]) -> int | float:
    row = re.sub(r"[^\d.]", "", match["row"])
    sign = -1 if match["minus"] else 1
    if "." not in row:
        return sign * int(row)
    value = sign * float(row) if row.count(".") == 1 else 0.0
    return int(value) if value.is_integer() else value


def _beside_name(text: str, match: re.Match[str], slot: Slot) -> bool:
    names = {stem(word) for word in name_words(slot.name) if len(word) > 1}
    before, after = words_of(text[: match.start()])[-2:], words_of(text[match.end() :])[:1]
    return bool(names & {stem(word) for word in [*before, *after]})


def _within(number: int | float, schema: dict[str, Any]) -> bool:
    if schema.get("type") == "integer" and not isinstance(number, int):
        return False
    try:
        return (
            number >= schema.get("minimum", number)
            and number <= schema.get("maximum", number)
            and number > schema.get("exclusiveMinimum", number - 1)
            and number < schema.get("exclusiveMaximum", number + 1)
            and (not schema.get("multipleOf") or number % schema["multipleOf"] == 0)
        )
    except TypeError:
        return True


_LANGUAGE = re.compile(rf"\b(?:{'|'.join(sorted(LANGUAGES))})\b", re.IGNORECASE)


def _language(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    """The last one named: who says "from English to French" wants French."""
    named = list(_LANGUAGE.finditer(heard.text))
    if named:
        return title_case(heard.take(named[-1].span()).lower())
    answer = heard.answer() if listening.answering else ""
    return title_case(heard.take_all(answer)) if answer else None


_YES = re.compile(
    r"\b(?:yes|yeah|yep|sure|ok|okay|please do|of course|correct|right|true|definitely)\b"
)
_SWITCHES = frozenset({"on", "enabled", "enable", "active"})
_SWITCHED = re.compile(r"\b(?:on|off)\b")
_NO = re.compile(r"\b(?:no|nope|not|don't|without|never|false|off|disable)\b")


def _boolean(heard: Heard, slot: Slot, listening: Listening) -> bool | None:
    """Yes or no as an answer; unasked, whether the slot's own words were said, or denied."""
    text = heard.text.lower()
    if listening.answering:
        return False if _NO.search(text) else True if _YES.search(text) else None
    if _SWITCHES & set(name_words(slot.name)):
        switched = _SWITCHED.search(text)
        return None if switched is None else switched[0] == "on"
    names = {stem(word) for word in name_words(slot.name) if word not in COMMON | {"include"}}
    words = words_of(text)
    places = [index for index, word in enumerate(words) if stem(word) in names]
    if not names or names - {stem(word) for word in words}:
        return None
    return not _NO.search(" ".join(words[max(0, places[0] - 2) : places[0]]))


def _enum(heard: Heard, slot: Slot, listening: Listening) -> Any:
    """The choice whose words were said, recogniser's mistakes forgiven."""
    said = [(_likeness(choice, heard.text.lower()), choice) for choice in slot.choices[:64]]
    score, choice = max(said, key=lambda pair: pair[0], default=(0.0, None))
    if score < (_ANSWERED if listening.answering else _MENTIONED):
        return None
    exact = re.search(rf"\b{re.escape(_spoken(choice))}\b", heard.text, re.IGNORECASE)
    if exact:
        heard.take(exact.span())
    return choice


_MENTIONED, _ANSWERED = 85.0, 55.0
"""Likeness from which a choice counts as said; an answer may name half of it ("express")."""


def _spoken(choice: Any) -> str:
    return " ".join(name_words(str(choice))) or str(choice).lower()


def _likeness(choice: Any, text: str) -> float:
    """How much `text` sounds like naming the choice, 0 to 100, more for a longer exact match."""
    spoken = _spoken(choice)
    if re.search(rf"\b{re.escape(spoken)}\b", text):
        return 100.0 + len(spoken)
    heard = [word for word in words_of(text) if len(word) > 3]
    if not heard or len(spoken) < 4:
        return 0.0
    parts = spoken.split()
    best = (max(fuzz.ratio(stem(part), stem(word)) for word in heard) for part in parts)
    return float(sum(best)) / len(parts)


def _array(heard: Heard, slot: Slot, listening: Listening) -> list[Any] | None:
    item = slot.item
    if item is None or item.kind in ("opaque", "array"):
        return None
    if item.kind in ("text", "place"):
        whole = find_text(heard, item, listening) or ""
        parts = re.split(r",\s*(?:and )?|\s+and\s+", whole)
        return [part for part in (p.strip(" .") for p in parts) if part] or None
    values: list[Any] = []
    if item.kind == "enum":
        text = heard.text.lower()
        values = [choice for choice in item.choices[:64] if _likeness(choice, text) >= _MENTIONED]
        return values or None
    while len(values) < 20:
        value = extract(heard, item, listening)
        if value is None:
            break
        values.append(value)
    return values or None


def _constant(heard: Heard, slot: Slot, listening: Listening) -> Any:
    return slot.schema.get("const")


def _opaque(heard: Heard, slot: Slot, listening: Listening) -> None:
    """An object of unknown members, which nobody can say aloud."""


_EXTRACTORS: dict[Kind, Extractor] = {
    "email": _email,
    "datetime": _datetime,
    "date": _date,
    "weekday": _weekday,
    "time": _time,
    "phone": _phone,
    "code": _code,
    "enum": _enum,
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
    "language": _language,
    "place": find_place,
    "person": find_person,
    "text": find_text,
    "array": _array,
    "constant": _constant,
    "opaque": _opaque,
}
EXTRACTION_ORDER: dict[Kind, int] = {kind: rank for rank, kind in enumerate(_EXTRACTORS)}
"""Clear values first: what is a date or an address must not be read as a name."""
