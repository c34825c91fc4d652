"""What a tool is about: the words of its name, description and parameters, with their weight."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agent.sandbox.dialogue.messages import Tool
from agent.sandbox.dialogue.slots import Shape, shape_of
from agent.sandbox.dialogue.words import ACTIONS, COMMON, clean, content_words, name_words, stem

MAX_DESCRIPTION_CHARS = 1500
NAME_WEIGHT = 2.0
_ACTION_WEIGHT = 1.0
_USE_WEIGHT = 1.2
_SUMMARY_WEIGHT = 0.7
_DETAIL_WEIGHT = 0.4
_PARAMETER_WEIGHT = 0.6

_NEGATIVE = re.compile(r"\b(?:do not|don't|never|not for|must not|should not)\b", re.IGNORECASE)
_USE_CASE = re.compile(
    r"\b(?:when|if|whenever)\b.*\b(?:user|caller|customer|someone|they)\b|\"", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A tool as the matcher sees it."""

    shape: Shape
    weights: dict[str, float]
    """Stem to weight: a noun of the name counts most, a word of a remark least."""
    phrase: frozenset[str]
    """The name's words where all of them are common: only together they mean the tool."""


def profile_of(tool: Tool) -> Profile:
    """The tool's profile, read anew only when the tool has changed."""
    try:
        schema = json.dumps(tool.parameters)
    except (TypeError, ValueError, RecursionError):
        schema = "{}"
    return _profile(str(tool.name), str(tool.description)[:MAX_DESCRIPTION_CHARS], schema)


@lru_cache(maxsize=512)
def _profile(name: str, description: str, schema: str) -> Profile:
    shape = shape_of(json.loads(schema))
    weights: dict[str, float] = {}
    for words, weight in (
        *_weighed_name(name),
        *_weighed_description(description),
        *_weighed_parameters(shape),
    ):
        for word in words:
            weights[word] = max(weights.get(word, 0.0), weight)
    named = name_words(name)
    common = len(named) > 1 and all(word in COMMON for word in named)
    return Profile(shape, weights, frozenset(named if common else ()))


Weighed = Iterable[tuple[Iterable[str], float]]


def _weighed_name(name: str) -> Weighed:
    named = [word for word in name_words(name) if word not in COMMON]
    nouns = [word for word in named if word not in ACTIONS]
    for word in named:
        yield [stem(word)], _ACTION_WEIGHT if word in ACTIONS and nouns else NAME_WEIGHT
    # "end_call" is a farewell as a whole, which its words alone are not.
    yield set(content_words(" ".join(name_words(name)))) & {"goodbye"}, NAME_WEIGHT


def _weighed_description(description: str) -> Weighed:
    for index, sentence in enumerate(_positive_sentences(description)):
        plain = _SUMMARY_WEIGHT if index == 0 else _DETAIL_WEIGHT
        yield content_words(sentence), _USE_WEIGHT if _USE_CASE.search(sentence) else plain


def _weighed_parameters(shape: Shape) -> Weighed:
    for slot in shape.slots():
        choices = " ".join(str(choice) for choice in slot.choices[:32])
        about = f"{' '.join(name_words(slot.name))} {clean(slot.description, 300)}"
        yield content_words(f"{about} {choices}"), _PARAMETER_WEIGHT


def _positive_sentences(description: str) -> list[str]:
    """The sentences and list items that say what a tool is for; what it must not be used for says
    the opposite of a match.
    """
    kept: list[str] = []
    refused = False
    for line in description.splitlines():
        item = clean(line)
        if not item.startswith(("-", "*", "•")):
            refused = False
        for sentence in filter(None, re.split(r"(?<=[.!?;])\s+", item)):
            negative = _NEGATIVE.search(sentence) is not None
            if not negative and not refused:
                kept.append(sentence)
            refused = refused or (negative and sentence.endswith(":"))
    return kept
