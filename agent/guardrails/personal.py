"""Finds personal data in what is about to be said, and knows what belongs to the caller."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from rapidfuzz import fuzz

from agent.guardrails.plain import with_figures

Kind = Literal["email", "phone", "card", "national_id"]

SAME_NUMBER = 84.0
"""Least likeness, 0 to 100, of a number with one that the caller gave: a recogniser may mishear a
figure in ten, and the agent says it as the model heard it.
"""
MAX_KNOWN_FIGURES = 2_000
_WITHOUT_ZERO = frozenset({"US", "CA", "ES", "PT", "DK", "NO", "PL", "CZ", "GR", "MX", "SG", "HK"})
"""Countries whose national numbers do not begin with a zero."""

_EMAILS: tuple[Kind, ...] = ("email",)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_SPOKEN_EMAIL = re.compile(
    r"\b[\w+-]{1,64}(?: (?:dot|point|punkt|punto) [\w+-]{1,64}){0,3}"
    r" (?:at|arobase|arroba|chiocciola) [\w-]{1,63}"
    r"(?: (?:dot|point|punkt|punto|ponto) [a-z]{2,12}){1,3}\b",
    re.IGNORECASE,
)
_SPOKEN_AT = re.compile(r" (?:at|arobase|arroba|chiocciola) ", re.IGNORECASE)
_SPOKEN_DOT = re.compile(r" (?:dot|point|punkt|punto|ponto) ", re.IGNORECASE)
_NUMBER = re.compile(r"\+?\d(?:[ ().\-/]{0,3}\d){6,18}")
_DATE = re.compile(r"\b(?:\d{4}-\d\d-\d\d|\d{1,2}([./])\d{1,2}\1\d{4})\b")
_SOCIAL_SECURITY = re.compile(r"\b(?!000|666|9\d\d)\d{3}[- ]\d{2}[- ]\d{4}\b")
_NATIONAL_INSURANCE = re.compile(
    r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", re.IGNORECASE
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data in a text: what it is, bare, and where it ends there."""

    kind: Kind
    value: str
    end: int


def find(text: str, kinds: Collection[Kind], *, region: str | None = None) -> Iterator[Found]:
    """The personal data in a text.

    Args:
        text: Read as it stands; see `with_figures` for numbers that are spelled out.
        kinds: What to look for.
        region: The country, such as DE, whose numbers are given without its code; None finds only
            telephone numbers with a code.
    """
    if "email" in kinds:
        for match in _EMAIL.finditer(text):
            yield Found("email", match.group().lower().rstrip("."), match.end())
        for match in _SPOKEN_EMAIL.finditer(text):
            yield Found("email", _written(match.group()), match.end())
    if not any(c.isdigit() for c in text):
        return
    if "national_id" in kinds:
        yield from _national_ids(text)
    for match in _NUMBER.finditer(_DATE.sub(lambda date: "#" * len(date.group()), text)):
        number = match.group()
        if "card" in kinds and is_card(_digits(number)):
            yield Found("card", _digits(number), match.end())
        elif "phone" in kinds and _is_phone(number, region):
            yield Found("phone", _digits(number), match.end())


class Known:
    """What belongs to this caller: what they said themselves in this call, and what the call knows
    of them.
    """

    def __init__(self) -> None:
        self._figures = ""
        self._letters = ""
        self._emails: set[str] = set()

    def note(self, text: str) -> None:
        """They said it, or may hear it. Numbers given in parts are put together."""
        read = with_figures(text)
        self._figures = (self._figures + _digits(read))[-MAX_KNOWN_FIGURES:]
        self._letters = (self._letters + _letters(read))[-MAX_KNOWN_FIGURES:]
        self._emails.update(found.value for found in find(text, _EMAILS))

    def includes(self, found: Found) -> bool:
        """Whether it belongs to them."""
        if found.kind == "email":
            return found.value in self._emails or _letters(found.value) in self._letters
        if found.value in self._letters or found.value in self._figures:
            return True
        if not self._figures or not found.value.isdigit():
            return False
        return (
            fuzz.partial_ratio(found.value, self._figures) >= SAME_NUMBER
            and len(self._figures) >= len(found.value) - 2
        )


def is_card(digits: str) -> bool:
    """Whether it is as long as a payment card's number and ends in the right check figure (ISO/IEC
    7812-1, annex B).
    """
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_iban(value: str) -> bool:
    """Whether its check figures are right (ISO 13616)."""
    turned = value[4:] + value[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _national_ids(text: str) -> Iterator[Found]:
    for pattern in (_SOCIAL_SECURITY, _NATIONAL_INSURANCE):
        for match in pattern.finditer(text):
            yield Found("national_id", _letters(match.group()), match.end())
    for match in _IBAN.finditer(text):
        if is_iban(value := match.group().replace(" ", "")):
            yield Found("national_id", value.lower(), match.end())


def _is_phone(text: str, region: str | None) -> bool:
    is_dialled = text[0] in "+0" or not text.isdigit() or region in _WITHOUT_ZERO
    if not is_dialled or (region is None and text[0] != "+"):
        return False  # such as the number of a parcel
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False


def _written(spoken: str) -> str:
    return _SPOKEN_DOT.sub(".", _SPOKEN_AT.sub("@", spoken)).replace(" ", "").lower()


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())
