"""Spoken numbers to digits, and digits to spoken numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def _counted(words: str, *, start: int, step: int = 1) -> dict[str, int]:
    return {word: start + step * n for n, word in enumerate(words.split())}


_UNITS = _counted("zero one two three four five six seven eight nine", start=0) | {"oh": 0, "o": 0}
_TEENS = _counted(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", start=10
)
_TENS = _counted("twenty thirty forty fifty sixty seventy eighty ninety", start=20, step=10)
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_ORDINALS = _counted(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    start=1,
) | {"thirtieth": 30}
_REPEATS = {"double": 2, "triple": 3}
_MISHEARD = {"to": "two", "too": "two", "for": "four", "won": "one", "ate": "eight"}
"""What recognisers write for digits, believed only inside a longer row of digits."""


def _either(words: Iterable[str]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(r"o(?!['\s]*clock)" if word == "o" else word for word in longest_first)


_DIGIT = rf"(?:{_either(_UNITS)})"
_WORD = _either([*_UNITS, *_TEENS, *_TENS, *_SCALES, *_ORDINALS, *_REPEATS])
_RUN = re.compile(
    rf"\b(?:an?\s+(?=(?:hundred|thousand|million)\b))?(?:{_WORD})(?:(?:\s+|-)(?:and\s+)?(?:{_WORD}))*\b",
    re.IGNORECASE,
)
_MISHEARD_DIGIT = re.compile(
    rf"(?<=\s)(?:{_either(_MISHEARD)})(?=[\s-]+{_DIGIT}\b)",
    re.IGNORECASE,
)
_DIGITS_BEFORE = re.compile(rf"(?:\b{_DIGIT}[\s-]+){{2}}$", re.IGNORECASE)
_NOT_A_NUMBER_AFTER = re.compile(
    r"\b(?:this|that|which|no|any|every|the|next|last|other|another|good|some)\s+$", re.IGNORECASE
)
_DIGITS_AND_SCALE = re.compile(r"\b(\d+)\s+(hundred|thousand|million)\b", re.IGNORECASE)
_DECIMAL = re.compile(r"\b(\d+)\s+point\s+(\d+(?:\s\d\b)*)", re.IGNORECASE)


@lru_cache(maxsize=512)
def with_digits(text: str) -> str:
    """`text` with spoken numbers in digits, everything else as it was.

    A row of numbers stays apart ("four oh two" is "4 0 2", "nine thirty" is "9 30"), because only
    the reader knows whether it is an order number, a time or a year.
    """
    text = _MISHEARD_DIGIT.sub(_heard_digit, text)
    text = _DIGITS_AND_SCALE.sub(lambda m: str(int(m[1]) * _SCALES[m[2].lower()]), text)
    text = _RUN.sub(_digits_of_run, text)
    return _DECIMAL.sub(lambda m: f"{m[1]}.{m[2].replace(' ', '')}", text)


def in_words(number: int) -> str:
    """A whole number from 0 to 100 in words; others in digits."""
    small = {n: w for w, n in (_UNITS | _TEENS).items() if w not in ("oh", "o")}
    if number in small:
        return small[number]
    if 20 <= number < 100:
        tens = {n: w for w, n in _TENS.items()}[number - number % 10]
        return tens if number % 10 == 0 else f"{tens} {small[number % 10]}"
    return "one hundred" if number == 100 else str(number)


def _heard_digit(match: re.Match[str]) -> str:
    word = match[0]
    before = match.string[max(0, match.start() - 24) : match.start()]
    return _MISHEARD[word.lower()] if _DIGITS_BEFORE.search(before) else word


def _digits_of_run(match: re.Match[str]) -> str:
    run = match[0]
    words = [word for word in re.split(r"[\s-]+", run.lower()) if word not in ("a", "an")]
    before = match.string[max(0, match.start() - 12) : match.start()]
    if all(word in ("oh", "o", "double", "triple") for word in words):
        return run
    if words == ["one"] and _NOT_A_NUMBER_AFTER.search(before):
        return run
    if words == ["second"] and not (
        before.lower().endswith("the ") or match.string[match.end() :].lower().startswith(" of")
    ):
        return run
    return " ".join(_Counter().read(words))


class _Counter:
    """Adds up a row of number words as it goes by."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._total = 0
        self._current: int | None = None
        self._open_below = 0
        """A following word may be added while it is smaller than this: 10 after "forty"."""

    def read(self, words: list[str]) -> list[str]:
        repeat = 0
        for index, word in enumerate(words):
            if word == "and":
                if self._open_below < 100 or index == len(words) - 1:
                    self._flush()
                    self._said.append("and")
            elif word in _REPEATS:
                self._flush()
                repeat = _REPEATS[word]
            elif repeat and word in _UNITS:
                self._said.extend([str(_UNITS[word])] * repeat)
                repeat = 0
            else:
                self._add(word)
        self._flush()
        return self._said

    def _add(self, word: str) -> None:
        if word in _SCALES:
            self._scale(_SCALES[word])
        elif word in _ORDINALS:
            self._small(_ORDINALS[word], open_below=0)
            self._flush(ordinal=True)
        elif word in _TENS:
            self._small(_TENS[word], open_below=10)
        else:
            self._small((_UNITS | _TEENS)[word], open_below=0)

    def _small(self, value: int, *, open_below: int) -> None:
        if 0 < value < self._open_below:
            self._current = (self._current or 0) + value
        else:
            self._flush()
            self._current = value
        self._open_below = open_below

    def _scale(self, scale: int) -> None:
        current = 1 if self._current is None else self._current
        if scale == 100:
            self._current = current * 100
        else:
            self._total += current * scale
            self._current = None
        self._open_below = scale

    def _flush(self, *, ordinal: bool = False) -> None:
        if self._current is not None or self._total:
            value = self._total + (self._current or 0)
            self._said.append(f"{value}{_suffix(value)}" if ordinal else str(value))
        self._total, self._current, self._open_below = 0, None, 0


def _suffix(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
