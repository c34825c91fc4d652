"""What a rule looks for in a reply, made from the rule's data. A check serves one reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from agent.guardrails.leaks import Instructions, Secrets
from agent.guardrails.patterns import Patterns
from agent.guardrails.personal import Known
from agent.guardrails.phrases import Phrase, Phrases
from agent.guardrails.plain import plain, words_of
from agent.guardrails.policy import (
    InstructionsRule,
    LengthRule,
    PatternsRule,
    PersonalRule,
    Rule,
    SecretsRule,
    WordsRule,
)
from agent.personal import Found, Reading, find, read

_TRAILING = " .,;:!?\n"


class Seen:
    """The latest part of a reply, in the forms that checks read.

    Args:
        text: What is new, and some of what came before it.
        length: How long the reply is so far.
        whole: Whether it ends with a sentence; else more of the same sentence follows.
    """

    def __init__(self, text: str, *, length: int, whole: bool) -> None:
        self.text = text
        self.length = length
        self.whole = whole

    @cached_property
    def plain(self) -> str:
        """Without tricks of lookalikes and invisible characters."""
        return plain(self.text)

    @cached_property
    def words(self) -> list[str]:
        """The plain words."""
        return words_of(self.text)

    @cached_property
    def reading(self) -> Reading:
        """With numbers as figures that are spelled out."""
        return read(self.text)

    def may_go_on(self, end: int) -> bool:
        """Whether what ends here, in `reading`, could be the beginning of something longer."""
        return not self.whole and not self.reading.text[end:].strip(_TRAILING)


Check = Callable[[Seen], bool]
"""Whether the rule is broken by what was seen."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What checks must know of the call besides the reply."""

    secrets: Secrets = field(default_factory=Secrets)
    instructions: str = ""
    known: Known = field(default_factory=Known)
    region: str | None = None


def checks_of(rules: Mapping[str, Rule], knowledge: Knowledge) -> Mapping[str, Callable[[], Check]]:
    """By the name of each rule, what begins a check of one reply. Judges are not among them."""
    makers = {name: _maker(rule, knowledge) for name, rule in rules.items()}
    return {name: maker for name, maker in makers.items() if maker is not None}


def _maker(rule: Rule, knowledge: Knowledge) -> Callable[[], Check] | None:
    if isinstance(rule, WordsRule):
        phrases = Phrases(rule.words)
        return lambda: _Topic(phrases, rule.least)
    check = _check(rule, knowledge)
    return None if check is None else lambda: check


def _check(rule: Rule, knowledge: Knowledge) -> Check | None:
    match rule:
        case PatternsRule():
            patterns = Patterns(rule.patterns)
            return lambda seen: patterns.match(seen.text) or patterns.match(seen.plain)
        case SecretsRule():
            return lambda seen: knowledge.secrets.are_told_in(seen.text)
        case InstructionsRule():
            instructions = Instructions(knowledge.instructions, rule.words)
            return lambda seen: instructions.are_recited_in(seen.text)
        case PersonalRule():
            return _personal(rule, knowledge)
        case LengthRule():
            return lambda seen: seen.length > rule.characters
    return None


class _Topic:
    """Counts the different phrases of a list in one reply."""

    def __init__(self, phrases: Phrases, least: int) -> None:
        self._phrases = phrases
        self._least = least
        self._found: set[Phrase] = set()

    def __call__(self, seen: Seen) -> bool:
        self._found |= self._phrases.found_in(seen.words)
        return len(self._found) >= self._least


def _personal(rule: PersonalRule, knowledge: Knowledge) -> Check:
    public = Known()
    for text in (*rule.allowed, knowledge.instructions):
        public.note(text)

    def is_private(found: Found) -> bool:
        return not public.includes(found) and not knowledge.known.includes(found)

    def check(seen: Seen) -> bool:
        return any(
            is_private(found)
            for found in find(seen.reading, rule.of, region=knowledge.region)
            if not seen.may_go_on(found.end)
        )

    return check
