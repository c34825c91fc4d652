"""Markdown cut into passages that can be read out: one heading each, and not too long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.call.knowledge import Passage

MOST_CHARS = 700
"""Of one passage: what a caller listens to at most, about 45 s of speech."""

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_MARKS = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\([^)]*\)"), r"\1"),
    (re.compile(r"(\*\*|__|`)(.+?)\1", re.DOTALL), r"\2"),
    (re.compile(r"(?<![\w*])[*_](\S[^*_\n]*)[*_](?!\w)"), r"\1"),
    (re.compile(r"^\s*(?:[-*+]|>)\s+", re.MULTILINE), ""),
)


def passages_of(markdown: str, *, name: str) -> Iterator[Passage]:
    """The passages of a document, in its order; what has no text is left out.

    Args:
        markdown: The document.
        name: What its text before the first heading is called.
    """
    for title, lines in _sections(markdown, name):
        for text in _portions(_plain("\n".join(lines))):
            yield Passage(title, text)


def _sections(markdown: str, name: str) -> Iterator[tuple[str, list[str]]]:
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    in_code = False
    for line in markdown.splitlines():
        in_code ^= _FENCE.match(line) is not None
        heading = None if in_code else _HEADING.match(line)
        if heading is None:
            if not _FENCE.match(line):
                lines.append(line)
            continue
        yield _title(above, name), lines
        level = len(heading[1])
        above = [(depth, text) for depth, text in above if depth < level]
        above.append((level, _plain(heading[2])))
        lines = []
    yield _title(above, name), lines


def _title(above: list[tuple[int, str]], name: str) -> str:
    return ": ".join(text for _, text in above) or name


def _plain(text: str) -> str:
    for mark, instead in _MARKS:
        text = mark.sub(instead, text)
    return text.strip()


def _portions(text: str) -> Iterator[str]:
    """The paragraphs, put together up to MOST_CHARS; one that is longer is cut between words."""
    portion = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _pieces(" ".join(paragraph.split())):
            if portion and len(portion) + len(piece) + 1 > MOST_CHARS:
                yield portion
                portion = ""
            portion = f"{portion} {piece}".strip()
    if portion:
        yield portion


def _pieces(paragraph: str) -> Iterator[str]:
    while len(paragraph) > MOST_CHARS:
        window = paragraph[:MOST_CHARS]
        cut = max(window.rfind(". ") + 1, 0) or window.rfind(" ")
        cut = cut if cut > 0 else MOST_CHARS
        yield paragraph[:cut].strip()
        paragraph = paragraph[cut:].strip()
    yield paragraph
