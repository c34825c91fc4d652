"""Hears when the caller speaks: Silero, with nothing around it that a call does not need.

The framework's detector (livekit-agents 1.8.9) runs the same model behind a task, an executor, a
resampler in another language, and three queues, and copies the audio into each of 31 events a
second: a fifth of what the event loop of a call in the cascade did, a third in realtime (profiled
2026-11-27), where a window takes 0.02 ms of computing. Here it is heard as it is pushed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr
from livekit import local_inference, rtc
from livekit.agents import utils, vad
from livekit.local_inference import VAD_WINDOW_SAMPLES
from numpy.typing import NDArray

MODEL_HZ = 16_000
WINDOW_S = VAD_WINDOW_SAMPLES / MODEL_HZ
SPEECH = 0.5
"""Probability from which a window begins speech."""
STILL_SPEECH = 0.35
"""Probability above which a window belongs to speech that has begun."""
LEAST_SPEECH_S = 0.05
LEAST_SILENCE_S = 0.25
"""The least that the turn detector allows; what is too early to be an end, it holds back."""
LEAD_IN_S = 0.5
"""Kept of what came before speech was noticed, for who wants the whole of it."""
LONGEST_S = 60.0
"""Kept of one speech."""

Samples = NDArray[np.int16]


class SpeechDetector(vad.VAD):
    """A detector of speech with the events of the framework's own, field by field, but for the
    audio of each window: only START_OF_SPEECH and END_OF_SPEECH carry any, at MODEL_HZ.
    """

    min_silence_duration = LEAST_SILENCE_S
    """The framework checks it against its turn detector."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=WINDOW_S))

    @property
    def model(self) -> str:
        """See VAD."""
        return "silero"

    @property
    def provider(self) -> str:
        """See VAD."""
        return "livekit-local-inference"

    def stream(self) -> vad.VADStream:
        """A stream with a state of its own; int16 mono goes in, all at one rate."""
        return _Stream()


class _Stream(vad.VADStream):
    def __init__(self) -> None:
        # Not super().__init__(): it would start tasks and queues for which nothing is left to do.
        self._events = utils.aio.Chan[vad.VADEvent]()
        self._hearing = _Hearing(self._events.send_nowait)

    async def _main_task(self) -> None:
        raise NotImplementedError("there is no task")

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Hear a frame at once; its events can be had when this returns.

        Raises:
            RuntimeError: after the end of the input.
        """
        if self._events.closed:
            raise RuntimeError("the input of this detector has ended")
        self._hearing.hear(frame)

    def flush(self) -> None:
        """See VADStream: what comes is a new beginning."""
        self._hearing = _Hearing(self._events.send_nowait)

    def end_input(self) -> None:
        """See VADStream: the events there are can still be had."""
        self._events.close()

    async def aclose(self) -> None:
        """See VADStream."""
        self.end_input()

    async def __anext__(self) -> vad.VADEvent:
        return await self._events.__anext__()


class _Hearing:
    """What was heard since a beginning."""

    def __init__(self, tell: Callable[[vad.VADEvent], None]) -> None:
        self._tell = tell
        self._silero = local_inference.VAD()
        self._resampler: soxr.ResampleStream | None = None
        self._window: Samples = np.empty(VAD_WINDOW_SAMPLES, np.int16)
        self._filled = 0
        self._kept: deque[bytes] = deque()
        self._heard_samples = 0
        self._heard_s = 0.0
        self._speaking = False
        self._speech_s = self._silence_s = 0.0
        self._voiced_s = self._unvoiced_s = 0.0
        """How long the last windows have been voiced, or not, without a break."""

    def hear(self, frame: rtc.AudioFrame) -> None:
        """Take the next frame."""
        samples = np.frombuffer(frame.data, dtype=np.int16)
        if frame.sample_rate != MODEL_HZ:
            if self._resampler is None:
                self._resampler = _resampler(frame.sample_rate)
            samples = self._resampler.resample_chunk(samples)
        while samples.size:
            part = samples[: VAD_WINDOW_SAMPLES - self._filled]
            self._window[self._filled : self._filled + part.size] = part
            self._filled += part.size
            samples = samples[part.size :]
            if self._filled == VAD_WINDOW_SAMPLES:
                self._filled = 0
                self._judge()

    def _judge(self) -> None:
        probability = self._silero.predict(self._window)
        self._heard_samples += VAD_WINDOW_SAMPLES
        self._heard_s += WINDOW_S
        if len(self._kept) < (LEAD_IN_S + LONGEST_S) / WINDOW_S:
            self._kept.append(self._window.tobytes())
        if self._speaking:
            self._speech_s += WINDOW_S
        else:
            self._silence_s += WINDOW_S
        self._note(
            vad.VADEventType.INFERENCE_DONE,
            probability=probability,
            # As the framework's: of the windows before this one.
            raw_accumulated_silence=self._unvoiced_s,
            raw_accumulated_speech=self._voiced_s,
        )
        if probability >= SPEECH or (self._speaking and probability > STILL_SPEECH):
            self._voiced_s += WINDOW_S
            self._unvoiced_s = 0.0
            if not self._speaking and self._voiced_s >= LEAST_SPEECH_S:
                self._begin()
        else:
            self._unvoiced_s += WINDOW_S
            self._voiced_s = 0.0
            if not self._speaking:
                self._keep_lead_in()
            elif self._unvoiced_s >= LEAST_SILENCE_S:
                self._end()

    def _begin(self) -> None:
        self._speaking = True
        self._silence_s = 0.0
        self._speech_s = self._voiced_s
        self._note(vad.VADEventType.START_OF_SPEECH, frames=[self._speech()])

    def _end(self) -> None:
        self._speaking = False
        self._silence_s = self._unvoiced_s
        self._speech_s = max(0.0, self._speech_s - self._unvoiced_s)
        self._note(vad.VADEventType.END_OF_SPEECH, frames=[self._speech()])
        self._speech_s = 0.0
        self._keep_lead_in()

    def _note(self, kind: vad.VADEventType, **more: Any) -> None:
        self._tell(
            vad.VADEvent(
                type=kind,
                samples_index=self._heard_samples,
                timestamp=self._heard_s,
                speech_duration=self._speech_s,
                silence_duration=self._silence_s,
                speaking=self._speaking,
                **more,
            )
        )

    def _keep_lead_in(self) -> None:
        while len(self._kept) > LEAD_IN_S / WINDOW_S:
            self._kept.popleft()

    def _speech(self) -> rtc.AudioFrame:
        samples = b"".join(self._kept)
        return rtc.AudioFrame(samples, MODEL_HZ, 1, len(self._kept) * VAD_WINDOW_SAMPLES)


def _resampler(rate_hz: int) -> soxr.ResampleStream:
    # Of the least quality and delay, as the framework's: it is enough to hear that somebody speaks.
    return soxr.ResampleStream(rate_hz, MODEL_HZ, 1, dtype="int16", quality="QQ")
