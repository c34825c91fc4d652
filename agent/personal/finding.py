"""Where personal data stands in a text, and what it is. The time for it grows as the text does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from agent.personal.emails import emails
from agent.personal.figures import Reading
from agent.personal.ids import NationalId, bundled_ids
from agent.personal.numbers import Numbers

Kind = Literal["email", "phone", "card", "national_id"]
ALL_KINDS: tuple[Kind, ...] = get_args(Kind)

_DATE = re.compile(r"\b(?:\d{4}-\d\d-\d\d|\d{1,2}([./])\d{1,2}\1\d{4})\b")


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data in a text: what it is, bare, and where it stands there."""

    kind: Kind
    value: str
    end: int
    start: int = 0


def find(
    text: str | Reading,
    kinds: Collection[Kind],
    *,
    region: str | None = None,
    ids: tuple[NationalId, ...] | None = None,
    doubtful: bool = False,
) -> Iterator[Found]:
    """The personal data in a text. Two may overlap.

    Args:
        text: Read as it stands; see `read` for numbers that are spelled out.
        kinds: What to look for.
        region: The country, such as DE, whose numbers are given without its code; None finds only
            telephone numbers with a code.
        ids: The national ids; None for all that are bundled.
        doubtful: Whether it is better to find too much: telephone numbers that are given to nobody,
            such as those of films, and what would be one as a part of a longer number.
    """
    reading = Reading.verbatim(text) if isinstance(text, str) else text
    words = reading.text
    if "email" in kinds:
        for value, start, end in emails(words):
            yield Found("email", value, end, start)
    if not any(c.isdigit() for c in words):
        return
    if "national_id" in kinds:
        for kind in bundled_ids() if ids is None else ids:
            for start, end in kind.spans(words):
                yield Found("national_id", letters_of(words[start:end]), end, start)
    if "card" not in kinds and "phone" not in kinds:
        return
    numbers = Numbers(_without_dates(reading), region=region, doubtful=doubtful)
    for found, start, end in numbers.find(cards="card" in kinds, phones="phone" in kinds):
        yield Found(found, digits_of(words[start:end]), end, start)


def digits_of(text: str) -> str:
    """Its figures alone."""
    return "".join(c for c in text if c.isdigit())


def letters_of(text: str) -> str:
    """Its letters and figures alone, in lower case."""
    return "".join(c for c in text.lower() if c.isalnum())


def _without_dates(reading: Reading) -> Reading:
    """Of the same length."""
    bare = _DATE.sub(lambda date: "#" * len(date.group()), reading.text)
    return Reading(bare, reading.pieces)
