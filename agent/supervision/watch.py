"""What is wrong with a call, from what was heard and played: pure, on a clock that is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """What a caller may suffer from."""

    SILENT = "silent agent"
    """The caller waits for an answer and hears nothing."""
    FAILED = "failed reply"
    """A provider gave up on the answer that the caller waits for, or has heard half of."""
    LOST = "lost provider"
    """A realtime provider gave up on the whole session."""
    DEAF = "deaf agent"
    """The caller spoke, and no word of it was understood."""
    STUCK_TOOL = "stuck tool"
    """A tool has not come back within its limit."""
    NO_PROGRESS = "no progress"
    """There has long been sound but no conversation, as with music on hold."""
    IDLE = "idle caller"
    """Nobody says anything."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, each thing may take before it counts as trouble."""

    silence_s: float = 3.0
    """From the caller's last word to a sound. What is played then is heard 0.3 s later."""
    turn_end_margin_s: float = 0.7
    """Beyond the longest endpointing delay, before a turn that did not end counts as not heard."""
    thinking_s: float = 1.0
    """A turn that was taken late has at least this long to be answered: the balanced profile takes
    one 2.2 s after the last word at the latest, and the caller still hears a sound within 4 s.
    """
    recovery_s: float = 2.5
    """From the first recording to the first attempt to get the answer otherwise."""
    tool_s: float = 20.0
    idle_s: float = 30.0
    """0 for never."""
    progress_s: float = 90.0
    """Of sound from the caller in which no word is understood."""
    heard_at_least_s: float = 0.4
    """Shorter sounds are coughs and clicks: nobody owes them an answer."""
    over_reply_at_least_s: float = 1.0
    """The same for sounds over a reply, which may be backchannels."""


@dataclass(slots=True)
class _Debt:
    """A sound that is owed to the caller."""

    since_s: float
    """From when the caller waits: the end of the last word."""
    noted_s: float
    """What sounds before this moment does not settle it."""
    understood: bool = False
    taken_s: float | None = None
    """When the session began to think about the answer."""


REST_S = 10.0
"""Sounds with less than this between them are one sound, such as music and what is said in it."""
TAIL_S = 0.15
"""A reply that is being cut off may sound this much into the turn that cut it off."""


class Watch:
    """Takes note of a call's events, moment by moment on one clock, and tells what is wrong."""

    def __init__(self, limits: Limits, now_s: float) -> None:
        self._limits = limits
        self._debt: _Debt | None = None
        self._failed = False
        self._lost = False
        self._speaking_since_s: float | None = None
        self._wordless = False
        self._sound_since_s = now_s
        self._sound_until_s = -math.inf
        self._over_reply = False
        self._tools: dict[str, float] = {}
        self._active_s = now_s
        self._progress_s = now_s
        self._reply_until_s = -math.inf
        self._patient_until_s: float | None = None

    @property
    def caller_speaks(self) -> bool:
        """Whether the caller is speaking."""
        return self._speaking_since_s is not None

    @property
    def waiting_since_s(self) -> float | None:
        """Since when the caller waits for a sound; None when nothing is owed."""
        return None if self._debt is None else self._debt.since_s

    @property
    def owes_answer(self) -> bool:
        """Whether the caller waits for the answer to something that was understood."""
        return self._debt is not None and self._debt.understood

    @property
    def tool_runs(self) -> bool:
        """Whether a tool runs."""
        return bool(self._tools)

    def caller_began(self, now_s: float, *, over_reply: bool = False) -> None:
        """The caller is heard to speak, over a reply perhaps; a failure before is of the past."""
        self._speaking_since_s = now_s
        if now_s - self._sound_until_s > REST_S:
            self._sound_since_s = now_s
        self._over_reply = over_reply
        self._active_s = now_s
        self._failed = False

    def caller_ended(self, last_word_s: float, now_s: float) -> None:
        """The caller paused `now_s`, having spoken until `last_word_s`."""
        began_s, self._speaking_since_s = self._speaking_since_s, None
        self._active_s = self._sound_until_s = now_s
        limits = self._limits
        least_s = limits.over_reply_at_least_s if self._over_reply else limits.heard_at_least_s
        long_enough = began_s is None or last_word_s - began_s >= least_s
        if long_enough or self._debt is not None:
            understood = self._debt is not None and self._debt.understood
            self._debt = _Debt(last_word_s, now_s, understood)

    def expect(self, now_s: float) -> None:
        """The caller waits for the agent, having typed, or been taken on the line."""
        self._active_s = self._progress_s = now_s
        self._debt = _Debt(now_s, now_s, understood=True, taken_s=now_s)

    def understood(self, now_s: float) -> None:
        """Words of the caller were recognised. A realtime model may tell them after its answer,
        so this alone makes no debt.
        """
        self._active_s = self._progress_s = now_s
        self._wordless = False
        if self._debt is not None:
            self._debt.understood = True

    def wordless(self) -> None:
        """In what the caller said no word was found: a reply to it is no conversation."""
        self._wordless = True

    def reply_begun(self, now_s: float) -> None:
        """The session has begun to make an answer, perhaps before the turn is over."""
        if self._debt is None:
            self._debt = _Debt(now_s, now_s)
        self._debt.understood = True
        self._debt.noted_s = now_s
        self._failed = False

    def turn_taken(self, now_s: float) -> None:
        """The turn is over, and the session thinks about its answer."""
        if self._debt is None:
            self._debt = _Debt(now_s, now_s)
        self._debt.understood = True
        self._debt.noted_s = now_s
        if self._debt.taken_s is None:  # else the answer is asked for again
            self._debt.taken_s = now_s

    def tool_began(self, call_id: str, now_s: float) -> None:
        """A tool runs."""
        self._tools[call_id] = now_s

    def tool_ended(self, call_id: str, now_s: float) -> None:
        """It has come back, or was given up."""
        if self._tools.pop(call_id, None) is not None:
            self._active_s = now_s

    def failed(self) -> None:
        """A provider gave up on the answer."""
        self._failed = True

    def unheard(self) -> None:
        """A provider gave up on the caller's words."""
        if self._debt is not None and not self._debt.understood:
            self._failed = True

    def lost(self) -> None:
        """A provider gave up on the session: nothing more will come of it."""
        self._lost = True

    def acted(self) -> None:
        """Something is being done about it; whether it helps is still to be seen."""
        self._failed = self._lost = False

    def forgive(self, now_s: float) -> None:
        """Nothing is owed: the caller was asked to speak."""
        self._debt = None
        self._failed = False
        self._active_s = now_s

    def be_patient(self, until_s: float) -> None:
        """The caller asked to wait: nothing is owed, and nothing is expected of them until then."""
        self._debt = None
        self._patient_until_s = until_s

    def attend(self, now_s: float) -> None:
        """The caller speaks with the agent again."""
        if self._patient_until_s is not None:
            self._patient_until_s = None
            self._active_s = self._progress_s = now_s

    def reply_heard(self, until_s: float, now_s: float) -> bool:
        """A reply sounded until a moment. True if that settled what was owed."""
        if until_s <= self._reply_until_s:
            return False
        self._reply_until_s = until_s
        self._active_s = until_s
        if not self._wordless:
            self._progress_s = until_s
        if self._debt is None or until_s <= self._debt.noted_s + TAIL_S:
            return False
        self._debt = None
        return True

    def trouble(  # noqa: PLR0911 - one line for each trouble, in the order of their weight
        self, now_s: float, *, longest_turn_end_s: float, in_reply: bool
    ) -> Trouble | None:
        """What is wrong at this moment.

        Args:
            now_s: The moment.
            longest_turn_end_s: How long the turn detector may wait for the caller to go on.
            in_reply: Whether a reply was begun and is not over.
        """
        limits = self._limits
        if self._is_patient(now_s):
            return Trouble.LOST if self._lost else None
        if self._speaking_since_s is not None:
            since_s = max(self._progress_s, self._sound_since_s)
            return Trouble.NO_PROGRESS if now_s - since_s > limits.progress_s else None
        if any(now_s - began_s > limits.tool_s for began_s in self._tools.values()):
            return Trouble.STUCK_TOOL
        if self._lost:
            return Trouble.LOST
        sounds = now_s - self._reply_until_s < TAIL_S
        if self._failed and not sounds:
            if self._debt is not None and not self._debt.understood:
                return Trouble.DEAF
            # What fails before the turn is over was made ahead of it: no answer is due yet.
            if self._debt is None or self._debt.taken_s is not None:
                return Trouble.FAILED
        if self._debt is not None:
            return self._unpaid(self._debt, now_s, longest_turn_end_s)
        if in_reply and now_s - self._reply_until_s > limits.silence_s:
            return Trouble.SILENT  # it dried up in mid-sentence
        if limits.idle_s and not self._tools and now_s - self._active_s > limits.idle_s:
            return Trouble.IDLE
        return None

    def _is_patient(self, now_s: float) -> bool:
        if self._patient_until_s is None:
            return False
        if now_s >= self._patient_until_s:
            self._debt = None  # whatever was said meanwhile was said to others
            self.attend(now_s)
        return self._patient_until_s is not None

    def _unpaid(self, debt: _Debt, now_s: float, longest_turn_end_s: float) -> Trouble | None:
        limits = self._limits
        due_s = debt.since_s + limits.silence_s
        if debt.taken_s is not None:
            due_s = max(due_s, debt.taken_s + limits.thinking_s)
        else:
            due_s = max(due_s, debt.since_s + longest_turn_end_s + limits.turn_end_margin_s)
        if now_s < due_s:
            return None
        return Trouble.SILENT if debt.understood else Trouble.DEAF
