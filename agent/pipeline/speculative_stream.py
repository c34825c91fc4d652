"""One caller's audio on its way through a SpeculativeSTT: when to ask, what to keep."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, NotGivenOr, stt, utils, vad

from agent.pipeline.pauses import goes_on, is_quiet_for
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.utterance import UtteranceAudio

if TYPE_CHECKING:
    from agent.pipeline.speculative_stt import SpeculativeSTT

logger = logging.getLogger(__name__)

PAUSE_S = 0.064
"""Two windows of the detector, which notices silence some 50 ms late. In 107 s of flite's speech
eight pauses within sentences were as long, and four were a window longer.
"""
LEAD_IN_S = 0.6
"""Audio kept from before speech was detected: first sounds are soft."""
MOST_BEHIND_S = 12.0
"""Audio that is kept because the detector has not looked at it yet. What a client recorded before
the agent had come arrives all at once; LiveKit's clients record ten seconds at most.
"""
LONG_UTTERANCE_S = 20.0
"""From here on a pause settles what was said so far: each request sends all of it again."""
LONGEST_UTTERANCE_S = 60.0
"""Speech without a single pause is cut here."""
SETTLE_S = 6.0
"""A pause this long settles the transcript even if nobody asks for it."""


@dataclass(slots=True, eq=False)
class _Attempt:
    """One request for the transcript of the utterance so far."""

    task: asyncio.Task[stt.SpeechEvent]
    is_guess: bool
    transcript: stt.SpeechData | None = None
    is_done: bool = False


class SpeculativeStream(stt.RecognizeStream):
    """Driven by audio frames, the detector's events and the session's flushes."""

    def __init__(
        self,
        parent: SpeculativeSTT,
        detector: SharedVAD,
        *,
        language: NotGivenOr[str],
        conn_options: APIConnectOptions,
        pause_s: float,
    ) -> None:
        # Each request has its own retries; the stream itself is not run again.
        super().__init__(stt=parent, conn_options=replace(conn_options, max_retry=0))
        self._parent = parent
        self._detector = detector
        self._language = language
        self._request_options = conn_options
        self._pause_s = pause_s
        self._audio = UtteranceAudio()
        self._speaking = False
        self._in_utterance = False
        self._flushed = False
        self._may_guess = True
        self._silence_s = 0.0
        self._behind_s = 0.0
        self._speech_end_time: float | None = None
        self._attempt: _Attempt | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def _run(self) -> None:
        stop_listening = self._detector.listen(self._on_vad)
        reading = asyncio.create_task(self._read(), name="speculative_stt.read")
        try:
            await asyncio.wait({reading, self._failure}, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()
            await reading
        finally:
            stop_listening()
            self._parent.speculation.report("speculative transcription")
            await utils.aio.cancel_and_wait(reading, *self._tasks)
            self._failure.cancel()

    async def _read(self) -> None:
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                self._hear(item)
            else:
                self._flush()

    def _hear(self, frame: rtc.AudioFrame) -> None:
        self._audio.add(frame)
        self._behind_s = min(self._behind_s + frame.duration, MOST_BEHIND_S)
        if not self._in_utterance:
            self._audio.keep_last(LEAD_IN_S + self._behind_s)
            return
        if not self._speaking:
            self._silence_s += frame.duration
            if self._silence_s >= SETTLE_S:
                self._flush()
        elif self._audio.duration_s >= LONGEST_UTTERANCE_S:
            self._cut()

    def _on_vad(self, event: vad.VADEvent) -> None:
        if event.type is vad.VADEventType.INFERENCE_DONE:
            self._behind_s = max(0.0, self._behind_s - self._detector.window_s)
        match event.type:
            case vad.VADEventType.START_OF_SPEECH:
                self._on_start()
            case vad.VADEventType.INFERENCE_DONE if self._speaking:
                self._on_window(event)
            case vad.VADEventType.END_OF_SPEECH if self._speaking:
                self._on_end(event)

    def _on_start(self) -> None:
        self._drop_attempt()
        self._speaking = self._in_utterance = True
        self._flushed = False
        self._silence_s = 0.0
        self._send(stt.SpeechEventType.START_OF_SPEECH)

    def _on_window(self, event: vad.VADEvent) -> None:
        if goes_on(event):
            self._drop_attempt()
            return
        is_pause = is_quiet_for(self._pause_s, event, self._detector.window_s)
        if is_pause and self._may_guess and self._attempt is None:
            self._may_guess = False  # once in each pause, also when it fails
            if self._parent.speculation.allows():
                self._ask(is_guess=True)

    def _on_end(self, event: vad.VADEvent) -> None:
        self._speaking = False
        self._silence_s = event.silence_duration
        self._speech_end_time = time.time() - event.silence_duration - event.inference_duration
        self._send(stt.SpeechEventType.END_OF_SPEECH)
        if self._audio.duration_s >= LONG_UTTERANCE_S:
            self._flush()
        elif self._attempt is None:
            self._ask(is_guess=False)

    def _flush(self) -> None:
        """The turn is probably over: the transcript is final as soon as it is there."""
        if not self._in_utterance:
            return
        self._flushed = True
        if self._attempt is None:
            self._ask(is_guess=False)
        elif self._attempt.is_done:
            self._deliver(self._attempt)

    def _cut(self) -> None:
        """Ask for the utterance so far as a piece of its own, and go on with the next."""
        self._drop_attempt()
        audio = self._audio.merged()
        self._audio.keep_last(0.0)
        if audio is not None:
            self._keep(asyncio.create_task(self._recognise_piece(audio)))

    def _ask(self, *, is_guess: bool) -> None:
        audio = self._audio.merged()
        if audio is None:  # muted, as during the warm-up of echo cancellation
            self._parent.heard.note("")
            if self._flushed:
                self._close_utterance()
            return
        self._parent.speculation.asked += 1
        recognise = self._parent.guess if is_guess else self._parent.recognize
        task = asyncio.create_task(
            recognise(audio, language=self._language, conn_options=self._request_options),
            name="speculative_stt.request",
        )
        self._keep(task)
        self._attempt = attempt = _Attempt(task, is_guess)
        task.add_done_callback(lambda _: self._on_answer(attempt))

    def _on_answer(self, attempt: _Attempt) -> None:
        if attempt is not self._attempt or attempt.task.cancelled():
            return
        if (error := attempt.task.exception()) is not None:
            self._on_failure(attempt, error)
            return
        attempt.is_done = True
        attempt.transcript = _spoken(attempt.task.result())
        self._parent.heard.note(attempt.transcript.text if attempt.transcript else "")
        if self._flushed:
            self._deliver(attempt)
        elif attempt.transcript is not None:
            self._send(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, attempt.transcript)

    def _on_failure(self, attempt: _Attempt, error: BaseException) -> None:
        self._attempt = None
        if not attempt.is_guess or not isinstance(error, APIError):
            self._fail(error)
            return
        logger.debug("a speculative transcription failed: %s", error)
        if not self._speaking:
            self._ask(is_guess=False)

    def _deliver(self, attempt: _Attempt) -> None:
        self._close_utterance()
        if attempt.transcript is not None:
            self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, attempt.transcript)

    def _close_utterance(self) -> None:
        self._attempt = None
        self._flushed = self._in_utterance = False
        # No more than the silence since: what was said is not sent again.
        self._audio.keep_last(0.0 if self._speaking else min(LEAD_IN_S, self._silence_s))

    def _drop_attempt(self) -> None:
        """The caller went on. The request runs to its end: to break it off would close the
        connection, which the next one needs.
        """
        self._may_guess = True
        self._parent.heard.forget()
        if self._attempt is not None:
            self._attempt = None
            self._parent.speculation.waste()

    async def _recognise_piece(self, audio: rtc.AudioFrame) -> None:
        try:
            event = await self._parent.recognize(
                audio, language=self._language, conn_options=self._request_options
            )
        except APIError as error:
            self._fail(error)
            return
        if (transcript := _spoken(event)) is not None:
            self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, transcript)

    def _send(self, kind: stt.SpeechEventType, transcript: stt.SpeechData | None = None) -> None:
        if self._event_ch.closed:
            return
        is_end = kind in (stt.SpeechEventType.END_OF_SPEECH, stt.SpeechEventType.FINAL_TRANSCRIPT)
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                type=kind,
                alternatives=[transcript] if transcript is not None else [],
                speech_end_time=self._speech_end_time if is_end else None,
            )
        )

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the error of a dropped request concerns nobody


def _spoken(event: stt.SpeechEvent) -> stt.SpeechData | None:
    """The transcript in an answer; None if no words were heard."""
    if event.alternatives and event.alternatives[0].text.strip():
        return event.alternatives[0]
    return None
