"""A tool's answer as the model reads it."""

from __future__ import annotations

import unicodedata

from agent.call.marking import as_data
from agent.call.tool import Tool

_KEPT = "\n\t\u200c\u200d"  # the joiners are parts of words in Persian and Hindi
_CUT = " … (there is more, which was left out)"


def present(tool: Tool, answer: str, *, most_characters: int) -> str:
    """The answer without control and invisible characters, cut to a length, and marked as data
    where it comes from outside.
    """
    text = readable(answer, most_characters=most_characters)
    return as_data(text, tool.name) if tool.policy.outside else text


def readable(text: str, *, most_characters: int) -> str:
    """Text that holds nothing but what can be read, cut to a length."""
    head = text[: 2 * most_characters]  # so that what is cut away is never gone through
    kept = "".join(c for c in head if c in _KEPT or unicodedata.category(c)[0] != "C").strip()
    if len(kept) <= most_characters and len(head) == len(text):
        return kept
    return kept[: max(0, most_characters - len(_CUT))].rstrip() + _CUT
