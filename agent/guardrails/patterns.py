"""Regular expressions that somebody else wrote, searched within a bounded time."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

import regex

logger = logging.getLogger(__name__)

SEARCH_LIMIT_S = 0.02
"""Of a text of a few hundred characters, where a sound expression takes some microseconds."""

TRIES = 3
"""The limit counts the processor time of the whole process, so that of a model in another thread
too: one search that went over it proves nothing.
"""


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The expression, whatever the case of letters.

    Raises:
        ValueError: when it is none.
    """
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.VERSION1)
    except regex.error as error:
        raise ValueError(f"is no regular expression: {error}") from None


class Patterns:
    """Some expressions. One that takes too long finds nothing from then on, and the log says so."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [compiled(pattern) for pattern in patterns]

    def match(self, text: str) -> bool:
        """Whether one of them is found."""
        return any(self._search(pattern, text) for pattern in list(self._patterns))

    def _search(self, pattern: regex.Pattern[str], text: str) -> bool:
        for _ in range(TRIES):
            with suppress(TimeoutError):
                return pattern.search(text, timeout=SEARCH_LIMIT_S) is not None
        logger.warning(
            "a guardrail's expression takes too long", extra={"pattern": pattern.pattern}
        )
        self._patterns.remove(pattern)
        return False
