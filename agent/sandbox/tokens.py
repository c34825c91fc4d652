"""Text in pieces the size of a token: for streaming, for limits and for usage."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\s*(?:\w{1,12}|[^\w\s])|\s+$")


def pieces(text: str) -> list[str]:
    """The text cut into words and marks, each with the space before it. Joined, they are the text.

    About the number a real tokenizer gives for English; nothing depends on an exact one.
    """
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many pieces the text has."""
    return len(pieces(text))
