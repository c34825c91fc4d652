"""What the operator wrote down for callers to ask about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, under one heading."""

    title: str
    """The headings it stands under, outermost first, such as "Delivery: To other countries"."""
    text: str


class KnowledgeBase(Protocol):
    """The operator's documents, to search in."""

    async def search(self, question: str, *, limit: int = 3) -> Sequence[Passage]:
        """The passages that fit a question best, best first; none where none fits.

        Args:
            question: In a caller's words; no search syntax has a meaning in it.
            limit: How many at most.
        """
        ...
