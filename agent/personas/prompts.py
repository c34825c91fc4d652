"""A persona's prompt: Markdown with variables.

Providers keep the beginning of a prompt that they have seen before, and charge less and answer
sooner for it. So what changes from call to call may stand only in the last paragraphs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from agent.call.marking import harmless

MAX_CHARACTERS = 12_000
"""About 3,000 tokens, paid again in each turn."""
MAX_FACTS = 30
MAX_FACT_CHARACTERS = 200
NO_FACTS = "Nothing yet."

STABLE_VARIABLES = frozenset({"business_name", "language"})
CHANGING_VARIABLES = frozenset({"today", "facts"})
VARIABLES = STABLE_VARIABLES | CHANGING_VARIABLES

_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def faults_of(prompt: str) -> Iterator[str]:
    """What is wrong with a prompt, a sentence each."""
    if not prompt.strip():
        yield "is empty"
    if len(prompt) > MAX_CHARACTERS:
        yield f"is longer than {MAX_CHARACTERS} characters"
    names = _VARIABLE.findall(prompt)
    for name in dict.fromkeys(names):
        if name not in VARIABLES:
            known = ", ".join(sorted(VARIABLES))
            yield f"{{{{ {name} }}}} is not a variable; there are: {known}"
    if "{{" in _VARIABLE.sub("", prompt) or "}}" in _VARIABLE.sub("", prompt):
        yield "has a bracket of a variable without the other"
    yield from _misplaced(prompt)


def _misplaced(prompt: str) -> Iterator[str]:
    paragraphs = re.split(r"\n\s*\n", prompt.strip())
    changes = [bool(uses(paragraph, *CHANGING_VARIABLES)) for paragraph in paragraphs]
    if True in changes and not all(changes[changes.index(True) :]):
        yield (
            "has a paragraph that is always the same after one with {{ today }} or {{ facts }};"
            " move those to the end, so that providers can keep what is before"
        )


def uses(prompt: str, *names: str) -> bool:
    """Whether one of these variables stands in a prompt."""
    return any(name in names for name in _VARIABLE.findall(prompt))


def render(prompt: str, values: Mapping[str, str]) -> str:
    """The prompt with its variables' values, which are not looked into for variables."""
    return _VARIABLE.sub(lambda found: values[found[1]], prompt).strip()


def facts_in_words(facts: Mapping[str, str]) -> str:
    """What was collected from the caller, a line each. They are the caller's words, so each is
    quoted, on one line and cut: it must not read like an instruction.
    """
    lines = [f"- {_plain(name)}: {_quoted(value)}" for name, value in facts.items()]
    return "\n".join(lines[:MAX_FACTS]) or NO_FACTS


def _plain(name: str) -> str:
    return re.sub(r"\W+", " ", name)[:40].strip()


def _quoted(value: str) -> str:
    words = " ".join(harmless(value).split())
    return json.dumps(words[:MAX_FACT_CHARACTERS], ensure_ascii=False)
