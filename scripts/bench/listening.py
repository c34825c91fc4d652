"""A session that hears a recorded caller in real time, without a room, and when it ends each turn.

Everything that takes turns is the real thing: the session, the voice activity detector's stream,
the turn detector, the transcripts and replies of the provider. Only the room is left out, and with
it the network, so that several callers fit into one process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from livekit import rtc
from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent
from livekit.agents.voice import io
from numpy.typing import NDArray

from scripts.bench.subjects import Pipeline
from tests.caller.speech import SAMPLE_RATE_HZ, Clip

FRAME_S = 0.02
LONGEST_WAIT_S = 6.0
"""After the last voiced sample; whoever still waits then was not heard at all."""
QUIET_S = 0.8
"""Between the end of an answer and the caller's next words."""
GREETING_S = 1.0
PREPARED_S = 0.05
"""Before each part: what the provider claims to hear is changed while nobody speaks."""
RATE_HZ: dict[Pipeline, int] = {"cascade": 16_000, "realtime": 24_000}
"""Of what the session hears, as Parley's rooms give it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as it was said, and when the session ended turns: seconds on one clock."""

    ends_s: tuple[float, ...]
    """When the last voiced sample of each part was handed over."""
    turns_ended_s: tuple[float, ...]
    answered_s: tuple[float, ...]
    """When the first audio of each answer came."""

    @property
    def is_cut_off(self) -> bool:
        """Whether a turn ended before the caller had finished."""
        return any(ended_s < self.ends_s[-1] for ended_s in self.turns_ended_s)

    @property
    def latency_s(self) -> float | None:
        """From the last voiced sample to the end of the turn; None if it never ended."""
        return self._until_first(self.turns_ended_s)

    @property
    def answer_s(self) -> float | None:
        """From the last voiced sample to the first audio of the answer; None if there was none."""
        return self._until_first(self.answered_s)

    def _until_first(self, moments_s: tuple[float, ...]) -> float | None:
        after = [moment_s for moment_s in moments_s if moment_s >= self.ends_s[-1]]
        return after[0] - self.ends_s[-1] if after else None


class Microphone(io.AudioInput):
    """Hands over frames on time: digital silence, and what is said."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__(label="recorded caller")
        self._rate_hz = rate_hz
        self._frame_samples = round(rate_hz * FRAME_S)
        self._left: NDArray[np.int16] = np.empty(0, dtype=np.int16)
        self._said = asyncio.Event()
        self._due_s = time.monotonic()

    async def __anext__(self) -> rtc.AudioFrame:
        self._due_s += FRAME_S
        await asyncio.sleep(self._due_s - time.monotonic())
        samples = self._left[: self._frame_samples]
        self._left = self._left[self._frame_samples :]
        if samples.size and not self._left.size:
            self._said.set()
        padded = np.pad(samples, (0, self._frame_samples - samples.size))
        return rtc.AudioFrame(padded.tobytes(), self._rate_hz, 1, self._frame_samples)

    async def say(self, clip: Clip) -> float:
        """Say it, and return when its last sample was handed over."""
        samples = soxr.resample(clip.samples.astype(np.float32), SAMPLE_RATE_HZ, self._rate_hz)
        self._said.clear()
        self._left = np.clip(samples, -32768, 32767).astype(np.int16)
        await self._said.wait()
        return time.monotonic()


class Loudspeaker(io.AudioOutput):
    """Takes as long as the speech does, and can be stopped."""

    def __init__(self) -> None:
        capabilities = io.AudioOutputCapabilities(pause=False)
        super().__init__(label="nobody", capabilities=capabilities)
        self.answered_s: list[float] = []
        self._started_s: float | None = None
        self._duration_s = 0.0
        self._ending: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._started_s is None:
            self._started_s = time.monotonic()
            self.answered_s.append(self._started_s)
            self.on_playback_started(created_at=time.time())
        self._duration_s += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._started_s is not None and self._ending is None:
            left_s = self._started_s + self._duration_s - time.monotonic()
            self._ending = asyncio.get_running_loop().call_later(max(left_s, 0), self._end, False)

    def clear_buffer(self) -> None:
        if self._started_s is not None:
            self._end(interrupted=True)

    def _end(self, interrupted: bool) -> None:
        assert self._started_s is not None
        played_s = min(time.monotonic() - self._started_s, self._duration_s)
        if self._ending is not None:
            self._ending.cancel()
        self._started_s, self._duration_s, self._ending = None, 0.0, None
        self.on_playback_finished(playback_position=played_s, interrupted=interrupted)


class Listener:
    """A session at work, and the caller it hears."""

    def __init__(
        self, session: AgentSession[Any], microphone: Microphone, loudspeaker: Loudspeaker
    ) -> None:
        self._session = session
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self._turns_ended_s: list[float] = []
        self._turn_ended = asyncio.Event()

    def note_turn_end(self) -> None:
        """The session ended a turn."""
        self._turns_ended_s.append(time.monotonic())
        self._turn_ended.set()

    async def hear(
        self,
        parts: Sequence[Clip],
        pause_s: float,
        *,
        before_each: Callable[[str], Awaitable[None]],
    ) -> Spoken:
        """Say the parts with a pause between, and wait for the answer to the last.

        Args:
            parts: What is said.
            pause_s: Silence between them.
            before_each: Awaited before each part, with all the words until its end.
        """
        self._turns_ended_s.clear()
        self._loudspeaker.answered_s.clear()
        ends_s: list[float] = []
        for index, part in enumerate(parts):
            until_s = ends_s[-1] + pause_s if ends_s else time.monotonic()
            await asyncio.sleep(until_s - PREPARED_S - time.monotonic())
            await before_each(" ".join(said.text for said in parts[: index + 1]))
            await asyncio.sleep(until_s - time.monotonic())
            self._turn_ended.clear()
            ends_s.append(await self._microphone.say(part))
        await self._wait_for_turn_end(ends_s[-1])
        await self._wait_for_quiet()
        return Spoken(
            tuple(ends_s), tuple(self._turns_ended_s), tuple(self._loudspeaker.answered_s)
        )

    async def _wait_for_turn_end(self, since_s: float) -> None:
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                while not any(ended_s >= since_s for ended_s in self._turns_ended_s):
                    self._turn_ended.clear()
                    await self._turn_ended.wait()
        except TimeoutError:
            return

    async def _wait_for_quiet(self) -> None:
        quiet_since_s = time.monotonic()
        while time.monotonic() - quiet_since_s < QUIET_S:
            if self._session.agent_state != "listening":
                quiet_since_s = time.monotonic()
            await asyncio.sleep(FRAME_S)


@asynccontextmanager
async def listening(
    session: AgentSession[Any], agent: Agent, pipeline: Pipeline
) -> AsyncIterator[Listener]:
    """The session, started and listening; closed afterwards."""
    microphone, loudspeaker = Microphone(RATE_HZ[pipeline]), Loudspeaker()
    listener = Listener(session, microphone, loudspeaker)
    session.input.audio = microphone
    session.output.audio = loudspeaker
    try:
        await session.start(agent, session_host=False, record=False)
        if pipeline == "realtime":
            # Whoever decided it, the session answers; that the model was asked early ends no turn.
            session.on("speech_created", lambda _: listener.note_turn_end())
        else:

            def on_item(event: ConversationItemAddedEvent) -> None:
                if getattr(event.item, "role", None) == "user":
                    listener.note_turn_end()

            session.on("conversation_item_added", on_item)
        await asyncio.sleep(GREETING_S)
        yield listener
    finally:
        await session.aclose()
