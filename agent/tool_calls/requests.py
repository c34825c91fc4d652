"""Which calls of a tool ask for the same effect, and under which key it is written down.

Pure. A model that is interrupted, reconnected or asked again sends the same call again; a caller
who cancels what was booked may book it again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from agent.tool_calls.arguments import Arguments


@dataclass(slots=True)
class _Request:
    sequence: int = 0
    done_at: int | None = None
    """How many effects the call had had when this was done; None until then."""
    uncertain: bool = False
    repeated_in: int | None = None
    """The turn in which its answer was first given again."""


class Requests:
    """The effects that were asked for in one call."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str], _Request] = {}
        self._effects = 0
        self._turn = 0

    def caller_spoke(self) -> None:
        """A new turn begins."""
        self._turn += 1

    def key(self, tool: str, arguments: Arguments) -> str:
        """Names the effect in this call: the same for every call that asks for it once more."""
        sequence = self._of(tool, arguments).sequence
        text = f"{tool}\n{sequence}\n{arguments.canonical}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def done(self, tool: str, arguments: Arguments, *, certain: bool = True) -> None:
        """It has happened, or it may have."""
        self._effects += 1
        request = self._of(tool, arguments)
        request.done_at, request.uncertain = self._effects, not certain

    def is_repeated(self, tool: str, arguments: Arguments, *, confirmed: bool) -> bool:
        """Whether a call gets the answer of the one before. It does not where another effect came
        in between, or where the model insists after its caller spoke again: then a tool that is
        `confirmed` may ask them. What comes of the call is then an effect of its own.
        """
        request = self._of(tool, arguments)
        if request.done_at is None:
            return False
        if request.repeated_in is None:
            request.repeated_in = self._turn
        insists = confirmed and request.repeated_in != self._turn
        is_last = request.done_at == self._effects or request.uncertain
        if is_last and not insists:
            return True
        self._requests[tool, arguments.canonical] = _Request(request.sequence + 1)
        return False

    def _of(self, tool: str, arguments: Arguments) -> _Request:
        return self._requests.setdefault((tool, arguments.canonical), _Request())
