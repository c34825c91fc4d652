"""Which of the offered tools an utterance means."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process

from agent.sandbox.dialogue.arguments import Said, Values, fill
from agent.sandbox.dialogue.messages import Tool
from agent.sandbox.dialogue.profiles import NAME_WEIGHT, Profile, profile_of
from agent.sandbox.dialogue.slots import Shape
from agent.sandbox.dialogue.words import (
    LANGUAGES,
    clean,
    content_words,
    stem,
    synonyms,
    words_of,
)

MAX_TOOLS = 128
THRESHOLD = 1.1
"""Evidence times coverage from which a tool is meant. Tuned on the table in the tests: one noun of
the name is enough (2.0) if more than half of what was said is explained; one word of the
description (0.7) never is.
"""
STRONG = 1.8
"""From here on an utterance changes the subject even while a question is open."""

_SYNONYM = 0.85
_MISHEARD_CUTOFF = 82
_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Match:
    """A tool that an utterance seems to mean, with the values found in that utterance."""

    tool: Tool
    shape: Shape
    score: float
    values: Values


@dataclass(frozen=True, slots=True)
class _Utterance:
    text: str
    meant: dict[str, dict[str, float]]
    """Each word that carries meaning, with the tools' words it may stand for and their trust."""


class Matcher:
    """The tools on offer, weighed word by word: a word that many tools share says less."""

    def __init__(self, tools: Sequence[Tool], now: datetime) -> None:
        self._now = now
        self._offers = [(tool, profile_of(tool)) for tool in tools[:MAX_TOOLS]]
        shared = Counter(word for _, profile in self._offers for word in profile.weights)
        count = max(1, len(self._offers))
        self._rarity = {
            word: (1 + math.log(count / owners)) / (1 + math.log(count))
            for word, owners in shared.items()
        }

    def shape(self, tool: Tool) -> Shape:
        """The shape of an offered tool's arguments."""
        return next(profile.shape for offered, profile in self._offers if offered is tool)

    def offer(self, name: str) -> tuple[Tool, Shape] | None:
        """The offered tool of that name with its shape."""
        return next(((t, profile.shape) for t, profile in self._offers if t.name == name), None)

    def best(self, text: str) -> Match | None:
        """The tool that `text` means, or None where it is rather open talk."""
        ranked = self.rank(text)
        return ranked[0] if ranked and ranked[0].score >= THRESHOLD else None

    def rank(self, text: str) -> list[Match]:
        """The likeliest tools, best first; tools without a word in common are left out."""
        spoken = dict.fromkeys(content_words(clean(text)))
        utterance = _Utterance(text, {word: self._known(word) for word in spoken})
        said = set(words_of(text))
        likely: list[tuple[float, Tool, Profile]] = []
        for tool, profile in self._offers:
            strength = self._evidence(profile, utterance.meant.values())
            if profile.phrase and profile.phrase <= said:
                strength += NAME_WEIGHT
            if strength > 0:
                likely.append((strength, tool, profile))
        likely.sort(key=lambda candidate: -candidate[0])
        matches = [self._match(utterance, *candidate) for candidate in likely[:_CANDIDATES]]
        return sorted(matches, key=lambda match: -match.score)

    def _known(self, word: str) -> dict[str, float]:
        """The tools' words that `word` may stand for, with the trust put in each."""
        alike = {"language"} if word in LANGUAGES else synonyms().get(word, ())
        near = {s: _SYNONYM for s in alike if s in self._rarity}
        if word in self._rarity:
            return near | {word: 1.0}
        if near or len(word) < 5:
            return near
        misheard = process.extract(
            word, self._rarity.keys(), scorer=fuzz.ratio, score_cutoff=_MISHEARD_CUTOFF, limit=3
        )
        # Recognisers rarely miss a word's first sound; without this "border" would mean "order".
        return {found: score / 100 for found, score, _ in misheard if found[0] == word[0]}

    def _evidence(self, profile: Profile, meant: Iterable[dict[str, float]]) -> float:
        weights, rarity = profile.weights, self._rarity
        return sum(
            max(
                weights[known] * rarity[known] * trust
                for known, trust in near.items()
                if known in weights
            )
            for near in meant
            if not weights.keys().isdisjoint(near)
        )

    def _match(self, utterance: _Utterance, strength: float, tool: Tool, profile: Profile) -> Match:
        if strength < THRESHOLD:
            return Match(tool, profile.shape, strength / 2, {})
        values, heard = fill(profile.shape, [Said(utterance.text)], self._now)
        left = {stem(word) for word in heard.remaining_words()}
        unexplained = [
            word
            for word, near in utterance.meant.items()
            if word in left and profile.weights.keys().isdisjoint(near)
        ]
        coverage = 1 - len(unexplained) / max(1, len(utterance.meant))
        return Match(tool, profile.shape, strength * coverage, values)
