"""An utterance from which values are taken, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from agent.sandbox.dialogue.numbers import with_digits
from agent.sandbox.dialogue.words import clean, words_of

_LEAD_IN = re.compile(
    r"^(?:(?:um+|uh+|er+|well|oh|so|ok|okay|yes|yeah|sure|please|and|actually|i think|i guess"
    r"|maybe|that (?:is|would be)|that's|it is|it's|its|it was|i am|i'm|this is|the|my|name is|is"
    r"|number|for|in|at|on|to|from|near|make it|let's say|how about|what about|i said|i want"
    r"|i would like|i'd like|say|tell (?:him|her|them))\b[\s,:.]*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?:[\s,.!?;:]+|\b(?:please|thanks|thank you|sir|madam)$)+$", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"^\W*(?:(?:um+|uh+|er+|well|oh|sorry)\W+)*"
    r"(?:i (?:do not|don't|dont) (?:know|remember|have)\b.*"
    r"|(?:i'm |i am )?not sure|no idea|what|pardon|sorry|huh|hm+|why|help|what do you mean)$",
    re.IGNORECASE,
)


class Heard:
    """What is left of an utterance while values are taken out of it, so that no word counts twice.

    `original` is as it was said; `text` has digits for number words, and bars where something was
    taken.
    """

    def __init__(self, utterance: str) -> None:
        self.original = clean(utterance)
        self.text = with_digits(self.original)

    def take(self, span: tuple[int, int]) -> str:
        """The text at `span`, which nobody else shall read."""
        taken = self.text[slice(*span)]
        self.text = self.text[: span[0]] + "|" * (span[1] - span[0]) + self.text[span[1] :]
        return taken

    def take_all(self, value: str) -> str:
        """`value`, for which everything that was left is used up."""
        self.text = ""
        return value

    def remaining_words(self) -> list[str]:
        """The words not taken, in lower case."""
        return words_of(self.text)

    def answer(self) -> str:
        """All that is left, without lead-in ("it is", "um") and courtesy."""
        rest = " ".join(self.text.replace("|", " ").split())
        rest = _TAIL.sub("", rest)
        bare = _LEAD_IN.sub("", rest)
        return "" if _NO_ANSWER.match(rest) else bare


@dataclass(frozen=True, slots=True)
class Listening:
    """How to read an utterance for one slot."""

    now: datetime
    answering: bool = False
    """Whether the utterance answers a question for this very slot."""


def without_courtesy(text: str) -> str:
    """`text` without closing punctuation, "please" and "thanks"; empty where it gives no answer."""
    bare = _TAIL.sub("", text)
    return "" if _NO_ANSWER.match(bare) else bare
