"""Cards and telephones among the numbers of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from agent.personal.checksums import is_card, is_of_network
from agent.personal.figures import Reading

MAX_PARSED = 500
"""Candidates of one text that are looked up in the tables of telephone numbers, which takes 50 µs
each. A text with more is no conversation, and all its further candidates count.
"""
LONGEST_CARD = 19
LONGEST_PHONE = 15
SHORTEST_PHONE = 7

_RUN = re.compile(r"\+?\d(?:[\s().\-/\u2010-\u2013]{0,3}\d)*")
"""Figures with what people put between them."""
_GROUP = re.compile(r"\d+")
_WITHOUT_ZERO = frozenset({"US", "CA", "ES", "PT", "DK", "NO", "PL", "CZ", "GR", "MX", "SG", "HK"})
"""Countries whose national numbers do not begin with a zero."""

NumberKind = Literal["card", "phone"]
Span = tuple[NumberKind, int, int]


@dataclass(frozen=True, slots=True)
class _Group:
    """Figures in a row; of a number that is spelled out, each one for itself."""

    start: int
    end: int
    digits: str


class Numbers:
    """The numbers of one text.

    Args:
        reading: The text.
        region: See `find`.
        doubtful: See `find`.
    """

    def __init__(self, reading: Reading, *, region: str | None, doubtful: bool) -> None:
        self._reading = reading
        self._text = reading.text
        self._region = region
        self._doubtful = doubtful
        self._parsed = 0

    def find(self, *, cards: bool, phones: bool) -> Iterator[Span]:
        """What is a card's or a telephone's number, and where it stands."""
        for run in _RUN.finditer(self._text):
            groups = list(self._groups(run))
            if sum(len(group.digits) for group in groups) < SHORTEST_PHONE:
                continue
            rest = [groups]
            if cards:
                found, rest = _cards(groups)
                yield from (("card", start, end) for start, end in found)
            if phones:
                for stretch in rest:
                    yield from (("phone", *span) for span in self._phones(stretch))

    def _groups(self, run: re.Match[str]) -> Iterator[_Group]:
        for match in _GROUP.finditer(self._text, run.start(), run.end()):
            start, end, digits = match.start(), match.end(), _ascii(match.group())
            if self._reading.is_spelled(start):
                for at, digit in enumerate(digits, start):
                    yield _Group(at, at + 1, digit)
            else:
                yield _Group(start, end, digits)

    def _phones(self, groups: list[_Group]) -> Iterator[tuple[int, int]]:
        at = 0
        while at < len(groups):
            ends = []
            if at == 0 or self._may_begin(groups[at]):
                ends = [end for end, _ in _windows(groups, at, SHORTEST_PHONE, LONGEST_PHONE)]
            # The longest first: a number is not a part of itself.
            last = next((end for end in reversed(ends) if self._is_phone(groups, at, end)), None)
            if last is not None:
                yield self._with_plus(groups[at].start), groups[last].end
                at = last
            at += 1

    def _may_begin(self, group: _Group) -> bool:
        is_dialled = group.digits[0] == "0" or self._region in _WITHOUT_ZERO
        return is_dialled or self._with_plus(group.start) < group.start

    def _is_phone(self, groups: list[_Group], first: int, last: int) -> bool:
        start, end = self._with_plus(groups[first].start), groups[last].end
        number = self._text[start:end]
        international = number[0] == "+"
        region = self._region
        if not international:
            is_whole = first == 0 and last == len(groups) - 1
            if not is_whole and not self._doubtful:
                return False  # such as the end of an id
            is_dialled = number[0] == "0" or (is_whole and not number.isdigit())
            if region is None or not (is_dialled or region in _WITHOUT_ZERO):
                return False  # such as the number of a parcel
        if self._parsed >= MAX_PARSED:
            return True
        self._parsed += 1
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            return False
        if phonenumbers.is_valid_number(parsed):
            return True
        return self._doubtful and international and phonenumbers.is_possible_number(parsed)

    def _with_plus(self, start: int) -> int:
        return start - 1 if start and self._text[start - 1] == "+" else start


def _cards(groups: list[_Group]) -> tuple[list[tuple[int, int]], list[list[_Group]]]:
    """Where cards stand, and the groups between them."""
    found, rest, begin, at = [], [], 0, 0
    while at < len(groups):
        last = _card_at(groups, at)
        if last is None:
            at += 1
            continue
        found.append((groups[at].start, groups[last].end))
        rest.append(groups[begin:at])
        begin = at = last + 1
    return found, [stretch for stretch in (*rest, groups[begin:]) if stretch]


def _card_at(groups: list[_Group], first: int) -> int | None:
    if first and groups[first].digits[0] not in "23456":
        return None
    for last, digits in reversed(list(_windows(groups, first, 13, LONGEST_CARD))):
        is_whole = first == 0 and last == len(groups) - 1
        # In a longer number, each tenth part of this length has the right check figure.
        if (is_whole or is_of_network(digits)) and is_card(digits):
            return last
    return None


def _windows(groups: list[_Group], first: int, least: int, most: int) -> Iterator[tuple[int, str]]:
    """The groups with which a number of a length may end, and its figures."""
    digits = ""
    for last in range(first, len(groups)):
        digits += groups[last].digits
        if len(digits) > most:
            return
        if len(digits) >= least:
            yield last, digits


def _ascii(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)
