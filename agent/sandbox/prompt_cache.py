"""What of a prompt was read before, as OpenAI's prompt cache finds it: the longest beginning that
another request had too, of 1,024 tokens or more, in whole blocks of 128 (guide "Prompt caching").
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from agent.sandbox import tokens

LEAST_TOKENS = 1024
BLOCK = 128
MOST_BEGINNINGS = 4_096


class PromptCache:
    """Remembers the beginnings of prompts, by what they were; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def read(self, parts: Iterable[str]) -> int:
        """Read a prompt; returns how many tokens of it were known."""
        so_far, total, known = hashlib.sha256(), 0, 0
        for part in parts:
            so_far.update(part.encode("utf-8", "surrogatepass") + b"\0")
            total += tokens.count(part)
            beginning = so_far.digest()
            if beginning in self._known:
                known = total
                self._known.move_to_end(beginning)
            else:
                self._known[beginning] = None
        while len(self._known) > MOST_BEGINNINGS:
            self._known.popitem(last=False)
        return known // BLOCK * BLOCK if known >= LEAST_TOKENS else 0
