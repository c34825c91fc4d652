"""Callers who talk for too long."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from livekit import rtc
from livekit.agents import (
    AgentStateChangedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)

from agent.guardrails.turn_limit import TurnLimit


class Talk(rtc.EventEmitter[str]):
    """A session in which somebody talks."""

    def __init__(self, *, max_words: int = 0, max_s: float = 0) -> None:
        super().__init__()
        self.broken_in = asyncio.Event()
        self.times = 0
        limit = TurnLimit(max_words=max_words, max_s=max_s, break_in=self._break_in)
        limit.watch(cast("Any", self))

    def _break_in(self) -> None:
        self.times += 1
        self.broken_in.set()

    def says(self, words: str) -> None:
        """A stretch of the caller's speech is understood."""
        self.emit(
            "user_input_transcribed", UserInputTranscribedEvent(transcript=words, is_final=True)
        )

    def caller_is(self, state: Any, before: Any = "listening") -> None:
        """The caller's state changes."""
        self.emit("user_state_changed", UserStateChangedEvent(old_state=before, new_state=state))

    def agent_is(self, state: Any) -> None:
        """The agent's state changes."""
        event = AgentStateChangedEvent(old_state="listening", new_state=state)
        self.emit("agent_state_changed", event)


async def test_too_many_words_are_broken_into_once() -> None:
    """However many more follow in the same turn; a new turn counts anew."""
    talk = Talk(max_words=5)
    talk.says("one two three")
    assert talk.times == 0
    talk.says("four five")
    talk.says("six seven")
    assert talk.times == 1
    talk.agent_is("speaking")
    talk.says("one two three")
    assert talk.times == 1


async def test_too_long_a_time_is_broken_into() -> None:
    """Where there is no transcript."""
    talk = Talk(max_s=0.05)
    talk.caller_is("speaking")
    async with asyncio.timeout(2):
        await talk.broken_in.wait()


async def test_a_noise_of_which_no_turn_came_is_not() -> None:
    """Nobody is speaking when the time is over."""
    talk = Talk(max_s=0.02)
    talk.caller_is("speaking")
    talk.caller_is("listening", before="speaking")
    await asyncio.sleep(0.05)
    assert talk.times == 0


async def test_an_answered_turn_is_not() -> None:
    """The time begins anew with the next turn."""
    talk = Talk(max_s=0.05)
    talk.caller_is("speaking")
    talk.agent_is("thinking")
    await asyncio.sleep(0.08)
    assert talk.times == 0
