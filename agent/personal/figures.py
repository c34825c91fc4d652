"""Numbers that are spelled out, read as figures, with the place in the text that each came from."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

MIN_FIGURES = 4
"""Fewer words for figures in a row are words: "one or two"."""
MAX_PARTS = 4
"""Words of one number at most: "quatre-vingt-dix-sept"."""
_WORD = re.compile(r"[^\W_]+")
_SEPARATORS = re.compile(r"[\s,.\-]{0,3}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a reading, and what it was read from."""

    at: int
    source: int
    source_end: int
    spelled: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in which numbers are figures."""

    text: str
    pieces: tuple[_Piece, ...]
    """In order, each up to the next one."""

    @classmethod
    def verbatim(cls, text: str) -> Reading:
        """The text as it stands."""
        return cls(text, (_Piece(0, 0, len(text), spelled=False),))

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original text a part of the reading stands that is not empty."""
        first, last = self._piece(start), self._piece(end - 1)
        begins = first.source if first.spelled else first.source + start - first.at
        ends = last.source_end if last.spelled else last.source + end - last.at
        return begins, ends

    def is_spelled(self, at: int) -> bool:
        """Whether the character there was a word, or a part of one."""
        return self._piece(at).spelled

    def _piece(self, at: int) -> _Piece:
        return self.pieces[bisect_right(self.pieces, at, key=lambda piece: piece.at) - 1]


def read(text: str) -> Reading:
    """The text with numbers as figures that are spelled out one by one or in pairs: "five, double
    oh, three" is "5003 ".
    """
    written: list[str] = []
    pieces: list[_Piece] = []
    length = done = 0

    def add(part: str, source: int, source_end: int, *, spelled: bool) -> None:
        nonlocal length
        if part:
            pieces.append(_Piece(length, source, source_end, spelled=spelled))
            written.append(part)
            length += len(part)

    for run in _runs(text):
        add(text[done : run[0].start], done, run[0].start, spelled=False)
        for figures, start, end in _figures(run):
            add(figures, start, end, spelled=True)
        last = run[-1].end
        done = last + len(_between(text, last))
        add(" ", last, done, spelled=True)
    if not pieces:
        return Reading.verbatim(text)
    add(text[done:], done, len(text), spelled=False)
    return Reading("".join(written), tuple(pieces))


def with_figures(text: str) -> str:
    """The text of `read`."""
    return read(text).text


@dataclass(frozen=True, slots=True)
class _Number:
    """A word or a compound for a number, or how often the next one is said."""

    word: str
    start: int
    end: int


def _runs(text: str) -> Iterator[list[_Number]]:
    """Numbers that are said one after the other, MIN_FIGURES at least."""
    run: list[_Number] = []
    for number in _numbers(text):
        if run and number.start != run[-1].end + len(_between(text, run[-1].end)):
            if len(run) >= MIN_FIGURES:
                yield run
            run = []
        run.append(number)
    if len(run) >= MIN_FIGURES:
        yield run


def _numbers(text: str) -> Iterator[_Number]:
    words = _words()
    tokens = [
        _Number(word, match.start(), match.end())
        for match in _WORD.finditer(text)
        if (word := match.group().lower()) in words.parts or (len(word) == 1 and word.isdecimal())
    ]
    at = 0
    while at < len(tokens):
        size, number = next(_compounds(text, tokens[at : at + MAX_PARTS]), (1, None))
        if number is not None:
            yield number
        at += size


def _compounds(text: str, tokens: Sequence[_Number]) -> Iterator[tuple[int, _Number]]:
    """What the first of some words begin, the longest first, and of how many it consists."""
    words, size = _words(), 1
    while size < len(tokens) and text[tokens[size - 1].end : tokens[size].start] in (" ", "-"):
        size += 1
    for count in range(size, 0, -1):
        name = " ".join(token.word for token in tokens[:count])
        if name in words.figures or name in words.repeats or (count == 1 and name.isdecimal()):
            yield count, _Number(name, tokens[0].start, tokens[count - 1].end)


def _between(text: str, start: int) -> str:
    """What may stand after one number and before the next."""
    return _SEPARATORS.match(text, start).group()  # type: ignore[union-attr]  # it may be empty


def _figures(run: Sequence[_Number]) -> Iterator[tuple[str, int, int]]:
    """The figures of a run, and where they stand."""
    words, times, begins = _words(), 1, None
    for number in run:
        if number.word in words.repeats:
            times, begins = words.repeats[number.word], number.start
            continue
        figures = words.figures.get(number.word, number.word)
        yield figures * times, number.start if begins is None else begins, number.end
        times, begins = 1, None


@dataclass(frozen=True, slots=True)
class _NumberWords:
    figures: Mapping[str, str]
    repeats: Mapping[str, int]
    parts: frozenset[str]
    """Words that occur in them."""


@lru_cache(maxsize=1)
def _words() -> _NumberWords:
    file = resources.files(__package__).joinpath("number_words.toml")
    table = tomllib.loads(file.read_text("utf-8"))
    repeats: dict[str, int] = table.pop("repeats")
    figures: dict[str, str] = table.pop("other")["words"]
    for language in table.values():
        figures |= _of_language(language)
    names = [*figures, *repeats]
    return _NumberWords(
        {_plain(name): value for name, value in figures.items()},
        repeats,
        frozenset(part for name in names for part in _WORD.findall(name)),
    )


def _of_language(words: Mapping[str, Any]) -> dict[str, str]:
    figures = words["figures"].split()
    found = {word: str(value) for value, word in enumerate(figures)}
    found |= {word: str(value) for value, word in enumerate(words.get("teens", "").split(), 10)}
    for ten, word in enumerate(words.get("tens", "").split(), 2):
        found[word] = f"{ten}0"
        for value, figure in enumerate(figures[1:], 1):
            for form in words["joined"]:
                found[form.format(ten=word, figure=figure)] = f"{ten}{value}"
    return found


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("-", " ").split())
