"""E-mail addresses, as they are written and as they are said."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WRITTEN = re.compile(r"(?<![\w.+-])[\w.+-]{1,320}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_DOT = r"(?:dot|point|punkt|punto|ponto|점|닷)"
_MARK = rf"(?:{_DOT}|dash|hyphen|minus|underscore|bindestrich|unterstrich|tiret|guion|trattino)"
_AT = r"(?:at|ät|klammeraffe|arobase|arroba|chiocciola|골뱅이)"
_NAME = r"[\w+-]{1,64}"
_SPOKEN = re.compile(
    # Letters that are spelled, then names with marks between them, then figures.
    rf"(?<![\w+@-])(?:\w[ ,-]{{1,2}}){{0,30}}{_NAME}(?: {_MARK} {_NAME}){{0,3}}(?: \d{{1,6}})?"
    rf" (?:{_AT} {_NAME}(?:(?: {_DOT} |\.)[a-z]{{1,20}}){{1,3}}"
    # A site is written as such by some recognisers, an address hardly ever is.
    rf"|@ ?{_NAME} {_DOT} [a-z]{{2,12}})\b"
    rf"|(?<![\w.+-])[\w.+-]{{1,64}}@{_NAME}(?: {_DOT} [a-z]{{2,12}}){{1,3}}\b",
    re.IGNORECASE,
)
_SPOKEN_AT = re.compile(rf" {_AT} ", re.IGNORECASE)
_SPOKEN_DOT = re.compile(rf" {_DOT} ", re.IGNORECASE)
_PLACED = frozenset(
    [
        "look",
        "us",
        "me",
        "it",
        "you",
        "them",
        "shop",
        "order",
        "orders",
        "website",
        "site",
        "page",
        "online",
        "here",
        "is",
        "find",
        "visit",
        "see",
        "book",
        "available",
        "more",
        "buy",
        "read",
        "register",
        "sign",
        "up",
        "reach",
        "visible",
    ]
)
"""Words after which "at example dot com" is a site and no address."""


def emails(text: str) -> Iterator[tuple[str, int, int]]:
    """Each address, and where it stands."""
    if "@" in text:
        for match in _WRITTEN.finditer(text):
            yield match.group().lower().rstrip("."), *match.span()
    if _SPOKEN_AT.search(text) or "@" in text:
        at = 0
        while (said := _SPOKEN.search(text, at)) is not None:
            name = said.group().partition(" ")[0]
            if name.lower() in _PLACED:
                at = said.start() + len(name)
            else:
                yield _as_written(said.group()), *said.span()
                at = said.end()


def _as_written(spoken: str) -> str:
    at = _SPOKEN_AT.sub("@", spoken)
    return re.sub(r"[\s,]", "", _SPOKEN_DOT.sub(".", at)).lower()
