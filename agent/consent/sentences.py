"""The words with which consent is asked for, in the caller's language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from agent.call.language import primary_subtag

DEFAULT_LANGUAGE = "en"
"""For a language that there are no sentences in."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is said."""

    question: str
    keys: str
    """Added to the question for who has a keypad."""
    again: str
    """Before the question is put once more."""
    given: str
    refused: str

    def asking(self, *, keypad: bool, again: bool) -> str:
        """The question as it is put."""
        parts = (self.again if again else "", self.question, self.keys if keypad else "")
        return " ".join(part for part in parts if part)


def load_sentences(language: str, question: str = "") -> Sentences:
    """Those of a language tag such as "en-GB".

    Args:
        language: The caller's.
        question: The operator's own, in the place of Parley's.
    """
    table = _bundled()
    sentences = table.get(primary_subtag(language), table[DEFAULT_LANGUAGE])
    return Sentences(**{**sentences, **({"question": question} if question else {})})


@lru_cache(maxsize=1)
def _bundled() -> dict[str, dict[str, str]]:
    file = resources.files(__package__).joinpath("sentences.toml")
    return tomllib.loads(file.read_text("utf-8"))
