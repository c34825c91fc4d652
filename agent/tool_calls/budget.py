"""The loop breaker: how often a model may call tools before it must speak."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agent.call.tool import Cost

WEIGHTS: dict[Cost, int] = {"free": 1, "metered": 2, "dear": 4}
"""A turn's budget holds four times as many calls that cost nothing as ones that cost a lot."""
SAME_IN_A_TURN = 3
"""The first, its double, and one more after a fault."""
SAME_IN_A_CALL = 15

_SAME_AGAIN = (
    "You have called this with the same arguments already, and calling it again changes nothing."
    " Answer the caller in words with what you have."
)
_ENOUGH = "You have called enough tools. Call none now, and answer the caller in words."


@dataclass(frozen=True, slots=True)
class Limits:
    """Weighted calls, see WEIGHTS."""

    per_turn: int = 12
    per_call: int = 200


class CallBudget:
    """What the model of one call has left to spend. Calls that are refused spend too."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._in_turn = 0
        self._in_call = 0
        self._same_in_turn: Counter[tuple[str, str]] = Counter()
        self._same_in_call: Counter[tuple[str, str]] = Counter()

    def caller_spoke(self) -> None:
        """A new turn begins."""
        self._in_turn = 0
        self._same_in_turn.clear()

    def refusal(self, name: str, arguments: str, cost: Cost) -> str | None:
        """Take note of a call. None if it may go on, else what the model is told."""
        call = (name, arguments)
        weight = WEIGHTS[cost]
        self._in_turn += weight
        self._in_call += weight
        self._same_in_turn[call] += 1
        self._same_in_call[call] += 1
        if self._in_turn > self._limits.per_turn or self._in_call > self._limits.per_call:
            return _ENOUGH
        same_again = self._same_in_turn[call] > SAME_IN_A_TURN
        if same_again or self._same_in_call[call] > SAME_IN_A_CALL:
            return _SAME_AGAIN
        return None
