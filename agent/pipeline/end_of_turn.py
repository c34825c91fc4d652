"""Whether the caller has finished: the local end-of-turn model, corrected by the words."""

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

from agent.pipeline.heard import Heard, Listener
from agent.pipeline.repeated_looks import LOOKS, Looks
from agent.pipeline.sparing_detector import SparingDetector
from agent.pipeline.unfinished import is_unfinished

ASKED_AFTER_S = 0.25
"""Silence that has passed when the session asks for a prediction."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of silence after which a decision is told that cannot be told at once."""

    doubtful_s: float
    """The sound leaves a doubt, the words do not break off."""
    unfinished_s: float
    """The words break off."""
    words_s: float
    """The sound leaves no doubt, but the words are not known yet."""
    unheard_s: float
    """The sound leaves a doubt, and the words do not come."""

    @property
    def longest_s(self) -> float:
        """The longest of them."""
        return max(self.doubtful_s, self.unfinished_s, self.words_s, self.unheard_s)


class WordAwareDetector(SparingDetector):
    """Turn detector v1-mini, which runs in this process, with a second opinion from the words.

    Args:
        heard: What the caller is saying, as far as it is known.
        waits: How long to wait where it is not clear at once.
        language: Of the call; the session knows it only from transcripts.
        listener: Finds out the words, where the pipeline itself does not.
    """

    def __init__(
        self, heard: Heard, waits: Waits, *, language: str, listener: Listener | None = None
    ) -> None:
        # Named, because an unset version picks the hosted detector in dev mode.
        super().__init__(version="v1-mini")
        self._heard = heard
        self._waits = waits
        self._language = LanguageCode(language)
        self._listener = listener

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        """A stream of predictions for one session."""
        return WordAwareStream(
            super().stream(conn_options=conn_options),
            self._heard,
            self._waits,
            language=self._language,
            ear=self._listener.stream() if self._listener is not None else None,
        )


class WordAwareStream:
    """What the session asks; see the framework's _StreamingTurnDetectorStream. Its members are
    spelt out because the session looks for them.
    """

    def __init__(
        self, inner: Any, heard: Heard, waits: Waits, *, language: LanguageCode, ear: Any = None
    ) -> None:
        self._inner = inner
        self._heard = heard
        self._waits = waits
        self._language = language
        self._ear = ear
        self._words_are_late = False
        self._deciding: asyncio.Task[None] | None = None
        self._decision: asyncio.Future[TurnDetectionEvent] | None = None

    @property
    def model(self) -> str:
        """As of the stream inside."""
        return str(self._inner.model)

    @property
    def provider(self) -> str:
        """As of the stream inside."""
        return str(self._inner.provider)

    @property
    def is_fallback(self) -> bool:
        """As of the stream inside."""
        return bool(self._inner.is_fallback)

    @property
    def prediction_timeout(self) -> float:
        """How long the session waits for a decision."""
        return float(self._inner.prediction_timeout) + LOOKS[-1][0] + self._waits.longest_s

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        """The threshold of the call's language."""
        known = await self._inner.supports_language(self._language)
        threshold: float | None = await self._inner.unlikely_threshold(
            self._language if known else language
        )
        return threshold

    async def backchannel_threshold(self, language: LanguageCode | None) -> float | None:
        """As of the stream inside."""
        threshold: float | None = await self._inner.backchannel_threshold(language)
        return threshold

    async def supports_language(self, language: LanguageCode | None) -> bool:
        """As of the stream inside."""
        return bool(await self._inner.supports_language(language))

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        """A decision on the pause that has begun."""
        self._end_as_open()
        self._decision = asyncio.get_running_loop().create_future()
        self._deciding = asyncio.create_task(
            self._resolve(self._decision), name="end_of_turn.decide"
        )
        return self._decision

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        """The caller speaks on, or the turn is over."""
        self._end_as_open()
        self._inner.cancel_inference(timed_out=timed_out)

    def flush(self, reason: str | None = None) -> None:
        """Forget the audio of a turn that is over."""
        self._end_as_open()
        self._inner.flush(reason)
        if self._ear is not None:
            self._ear.flush()

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Hear the next frame."""
        self._inner.push_audio(frame)
        if self._ear is not None:
            self._ear.push_frame(frame)

    def end_input(self) -> None:
        """Nothing more will be heard."""
        self._inner.end_input()

    async def aclose(self) -> None:
        """End the stream."""
        if self._deciding is not None:
            await utils.aio.cancel_and_wait(self._deciding)
        self._end_as_open()
        await self._inner.aclose()
        if self._ear is not None:
            await self._ear.aclose()

    async def _resolve(self, decision: asyncio.Future[TurnDetectionEvent]) -> None:
        event = await self._decide(time.monotonic() - ASKED_AFTER_S)
        if not decision.done():
            decision.set_result(event)

    async def _decide(self, silent_since_s: float) -> TurnDetectionEvent:
        looks = Looks(await self.unlikely_threshold(None))
        event = await self._look(looks, time.monotonic())
        if not looks.sounds_over():
            words = await self._heard.by(silent_since_s + self._waits.unheard_s)
        elif self._words_are_late:
            words = self._heard.known
        else:
            words = await self._heard.by(silent_since_s + self._waits.words_s)
        self._words_are_late = words is None
        if self._breaks_off(words):
            is_over, wait_s = False, self._waits.unfinished_s
        else:
            is_over = looks.sounds_over(whole_sentence=bool(words))
            wait_s = 0.0 if is_over or words is None else self._waits.doubtful_s
        # The session makes the transcript final when it learns of a doubt: as late as it can be, so
        # that a caller who goes on is recognised in one piece.
        await asyncio.sleep(silent_since_s + wait_s - time.monotonic())
        return replace(event, end_of_turn_probability=looks.probability(is_over=is_over))

    async def _look(self, looks: Looks, asked_s: float) -> TurnDetectionEvent:
        """Look until the case is clear; returns the last prediction."""
        event: TurnDetectionEvent = await self._inner.predict()
        looks.add(event.end_of_turn_probability)
        for after_s, _ in LOOKS[1:]:
            words = await self._heard.by(asked_s + after_s)
            if self._breaks_off(words) or looks.sounds_over(whole_sentence=bool(words)):
                break
            await asyncio.sleep(asked_s + after_s - time.monotonic())
            event = await self._inner.predict()
            looks.add(event.end_of_turn_probability)
        return event

    def _breaks_off(self, words: str | None) -> bool:
        return words is not None and is_unfinished(words, self._language)

    def _end_as_open(self) -> None:
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
