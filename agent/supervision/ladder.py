"""What is done about trouble, step by step: data, and the place where a call stands on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.supervision.watch import Trouble


class Step(StrEnum):
    """What can be done."""

    RETRY = "retry"
    """Ask for the answer once more."""
    REPLACE = "replace"
    """Go on with new connections, in the other pipeline where there is one, and ask again."""
    ASK_AGAIN = "ask again"
    """A recording asks the caller to say it again."""
    DROP_TOOL = "drop tool"
    """Give the tool up and let the agent say so."""
    PROMPT = "prompt"
    """A recording asks whether the caller is there."""
    TAKE_LEAVE = "take leave"
    """A recorded goodbye, and the end."""
    GIVE_UP = "give up"
    """A recorded apology, and the end."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A step and how long, in seconds, it has to help before the next one is due."""

    step: Step
    patience_s: float = math.inf


_ANSWER = (Rung(Step.RETRY, 4.0), Rung(Step.REPLACE, 6.0), Rung(Step.GIVE_UP))
_ATTENTION = (Rung(Step.PROMPT, 15.0), Rung(Step.TAKE_LEAVE))

LADDERS: Mapping[Trouble, tuple[Rung, ...]] = {
    Trouble.SILENT: _ANSWER,
    Trouble.FAILED: _ANSWER,
    Trouble.LOST: (Rung(Step.REPLACE, 6.0), Rung(Step.REPLACE, 6.0), Rung(Step.GIVE_UP)),
    # Each rung ends with the caller being asked to speak; the next one is due when that was not
    # understood either.
    Trouble.DEAF: (
        Rung(Step.ASK_AGAIN, 0.0),
        Rung(Step.REPLACE, 0.0),
        Rung(Step.ASK_AGAIN, 0.0),
        Rung(Step.GIVE_UP),
    ),
    Trouble.STUCK_TOOL: (Rung(Step.DROP_TOOL, 6.0), Rung(Step.REPLACE, 6.0), Rung(Step.GIVE_UP)),
    Trouble.NO_PROGRESS: _ATTENTION,
    Trouble.IDLE: _ATTENTION,
}
"""Bounded: after its last rung the call is over."""

_FAMILY: Mapping[Trouble, str] = {
    Trouble.SILENT: "answer",
    Trouble.FAILED: "answer",
    Trouble.LOST: "answer",
    Trouble.STUCK_TOOL: "answer",
    Trouble.DEAF: "hearing",
    Trouble.NO_PROGRESS: "progress",
    Trouble.IDLE: "attention",
}
"""Troubles of one family are one climb: an answer that stays out and then fails is one story."""


class Ladder:
    """Where one call stands. A climb goes on until it is told that the trouble is over."""

    def __init__(self, ladders: Mapping[Trouble, tuple[Rung, ...]] = LADDERS) -> None:
        self._ladders = ladders
        self._height: dict[str, int] = {}
        self._due_s: dict[str, float] = {}

    def next_step(self, trouble: Trouble, now_s: float, *, at_once: bool = False) -> Step | None:
        """The step that is due now, counted as taken; None while the last one has time to help.

        Args:
            trouble: What is wrong.
            now_s: The moment.
            at_once: Whether it is known that the last step did not help.
        """
        family = _FAMILY[trouble]
        if now_s < self._due_s.get(family, -math.inf) and not at_once:
            return None
        rungs = self._ladders[trouble]
        height = min(self._height.get(family, 0), len(rungs) - 1)
        self._height[family] = height + 1
        self._due_s[family] = now_s + rungs[height].patience_s
        return rungs[height].step

    def wait(self, trouble: Trouble, until_s: float) -> None:
        """Take no first step of this climb before a moment."""
        if not self._height.get(_FAMILY[trouble]):
            self._due_s[_FAMILY[trouble]] = until_s

    def answered(self) -> None:
        """A reply was heard: answering works again, and the caller is there, or music."""
        self._over("answer")
        self._over("attention")

    def understood(self) -> None:
        """Words were recognised: hearing works again, and the caller is there."""
        self._over("hearing")
        self._over("attention")
        self._over("progress")

    def caller_spoke(self) -> None:
        """The caller is there; unless it was music, which is no progress."""
        self._over("attention")

    def _over(self, family: str) -> None:
        self._height.pop(family, None)
        self._due_s.pop(family, None)
