"""Finds phrases in a row of words, whatever stands between the words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.guardrails.plain import words_of


@dataclass(frozen=True, slots=True)
class Phrase:
    """One or more words; the last one may be the beginning of a longer one."""

    words: tuple[str, ...]
    is_open: bool

    def is_at(self, words: Sequence[str], at: int) -> bool:
        """Whether it stands there."""
        there = tuple(words[at : at + len(self.words)])
        if there == self.words:
            return True
        return (
            self.is_open
            and len(there) == len(self.words)
            and there[:-1] == self.words[:-1]
            and there[-1].startswith(self.words[-1])
        )


class Phrases:
    """A list of words and phrases. One that ends in `*` also matches longer last words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[Phrase]] = {}
        stems: list[Phrase] = []
        for text in phrases:
            phrase = Phrase(tuple(words_of(text)), text.rstrip().endswith("*"))
            if phrase.is_open and len(phrase.words) == 1:
                stems.append(phrase)
            elif phrase.words:
                self._by_first.setdefault(phrase.words[0], []).append(phrase)
        self._stems = tuple(stems)
        self._stem_words = tuple(stem.words[0] for stem in stems)

    def found_in(self, words: Sequence[str]) -> set[Phrase]:
        """Those that are there."""
        return {phrase for at in range(len(words)) for phrase in self._at(words, at)}

    def _at(self, words: Sequence[str], at: int) -> Iterator[Phrase]:
        yield from (p for p in self._by_first.get(words[at], ()) if p.is_at(words, at))
        if words[at].startswith(self._stem_words):
            yield from (stem for stem in self._stems if stem.is_at(words, at))
