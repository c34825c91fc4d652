"""The local end-of-turn model, corrected by the words: a sentence that breaks off is not over."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, utils
from livekit.agents.language import LanguageCode
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice.turn import TurnDetectionEvent

from agent.pipeline.repeated_looks import RepeatedLooksDetector
from agent.pipeline.unfinished import is_unfinished

WORDS_TIMEOUT_S = 1.0
"""A turn cannot end before its words are there, so waiting for them costs nothing; this bounds it
where they never come."""
ASKED_AFTER_S = 0.25
"""Silence that has passed when the session asks for a prediction."""


class Heard:
    """The words of the utterance in progress, as soon as they are known."""

    def __init__(self) -> None:
        self._words: str | None = None
        self._known = asyncio.Event()

    def note(self, words: str) -> None:
        """These are the words so far; empty if there were none."""
        self._words = words
        self._known.set()

    def forget(self) -> None:
        """The caller speaks on: what was known is out of date."""
        self._words = None
        self._known.clear()

    async def words(self) -> str:
        """The words, once they are known."""
        await self._known.wait()
        return self._words or ""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of silence after which a decision against the end of the turn is told."""

    doubtful_s: float
    """Where the model doubts; a little less than the longest endpointing delay."""
    unfinished_s: float
    """Where the words break off."""


class WordAwareDetector(RepeatedLooksDetector):
    """The local model, asked more than once in a pause, with a second opinion from the words.

    After a sentence that breaks off ("my number is"), the caller is waited for longer.
    """

    def __init__(self, heard: Heard, waits: Waits, *, language: str) -> None:
        super().__init__(language=language)
        self._heard = heard
        self._waits = waits
        self._words_language = language

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        """A stream of predictions for one session."""
        inner = super().stream(conn_options=conn_options)
        return _WordAwareStream(inner, self._heard, self._waits, language=self._words_language)


class _WordAwareStream:
    """What the session asks; see the framework's _StreamingTurnDetectorStream."""

    def __init__(self, inner: Any, heard: Heard, waits: Waits, *, language: str) -> None:
        self._inner = inner
        self._heard = heard
        self._waits = waits
        self._language = language
        self._deciding: asyncio.Task[None] | None = None
        self._decision: asyncio.Future[TurnDetectionEvent] | None = None

    @property
    def model(self) -> str:
        return str(self._inner.model)

    @property
    def provider(self) -> str:
        return str(self._inner.provider)

    @property
    def is_fallback(self) -> bool:
        return bool(self._inner.is_fallback)

    @property
    def prediction_timeout(self) -> float:
        return float(self._inner.prediction_timeout) + WORDS_TIMEOUT_S + self._waits.unfinished_s

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        threshold: float | None = await self._inner.unlikely_threshold(language)
        return threshold

    async def backchannel_threshold(self, language: LanguageCode | None) -> float | None:
        threshold: float | None = await self._inner.backchannel_threshold(language)
        return threshold

    async def supports_language(self, language: LanguageCode | None) -> bool:
        return bool(await self._inner.supports_language(language))

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        self._resolve_as_open()
        self._decision = asyncio.get_running_loop().create_future()
        self._deciding = asyncio.create_task(
            self._decide(self._inner.predict(), self._decision), name="end_of_turn.decide"
        )
        return self._decision

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        self._resolve_as_open()
        self._inner.cancel_inference(timed_out=timed_out)

    def flush(self, reason: str | None = None) -> None:
        self._resolve_as_open()
        self._inner.flush(reason)

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        self._inner.push_audio(frame)

    def end_input(self) -> None:
        self._inner.end_input()

    async def aclose(self) -> None:
        if self._deciding is not None:
            await utils.aio.cancel_and_wait(self._deciding)
        self._resolve_as_open()
        await self._inner.aclose()

    async def _decide(
        self,
        predicted: asyncio.Future[TurnDetectionEvent],
        decision: asyncio.Future[TurnDetectionEvent],
    ) -> None:
        asked_s = time.monotonic()
        event = await predicted
        if is_unfinished(await self._words(), self._language):
            event = replace(event, end_of_turn_probability=0.0)
            wait_s = self._waits.unfinished_s
        else:
            wait_s = self._waits.doubtful_s if await self._doubts(event) else 0.0
        # The session makes the transcript final when it learns of a doubt: as late as it can be, so
        # that a caller who goes on is recognised in one piece.
        await asyncio.sleep(wait_s - ASKED_AFTER_S - (time.monotonic() - asked_s))
        if not decision.done():
            decision.set_result(event)

    async def _doubts(self, event: TurnDetectionEvent) -> bool:
        threshold: float | None = await self._inner.unlikely_threshold(None)
        return threshold is not None and event.end_of_turn_probability < threshold

    async def _words(self) -> str:
        try:
            async with asyncio.timeout(WORDS_TIMEOUT_S):
                return await self._heard.words()
        except TimeoutError:
            return ""

    def _resolve_as_open(self) -> None:
        """Whoever still waits for a decision hears that the turn goes on."""
        if self._deciding is not None:
            self._deciding.cancel()
            self._deciding = None
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(
                TurnDetectionEvent(
                    type="eot_prediction",
                    last_speaking_time=time.time(),
                    end_of_turn_probability=0.0,
                )
            )
        self._decision = None
