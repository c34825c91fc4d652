"""When the user starts and stops speaking, from the audio alone.

Speech is found by Silero VAD in windows of 32 ms (17 µs each on one core, so on the event loop).
`server_vad` ends a turn after a fixed silence. `semantic_vad` looks at each pause with an
end-of-turn model, which hears from the last 1.2 s whether the speaker sounds finished, and waits
the shorter the surer it is. It judges sound, not words: a sentence that is grammatically open but
sounds closed ends the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from livekit.local_inference import EOT, EOT_MAX_SAMPLES, VAD, VAD_WINDOW_SAMPLES
from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad

from agent.sandbox.realtime.audio import Resampler, Samples

_RATE_HZ = 16_000
_WINDOW_MS = VAD_WINDOW_SAMPLES * 1000 // _RATE_HZ
_START_WINDOWS = 2
"""64 ms of speech start a turn: clicks are shorter."""
_HYSTERESIS = 0.15
"""Speech goes on while its probability is at most this much below the threshold."""
_SEMANTIC_THRESHOLD = 0.5
_SEMANTIC_PADDING_MS = 300
_LOOK_AT_PAUSE_MS = 192
"""The end-of-turn model was trained on pauses of about 200 ms."""
_FINISHED = 0.36
"""The probability above which the model's makers call an English turn ended."""
_EAGERNESS_MS = {"low": (800, 8_000), "medium": (400, 4_000), "high": (200, 2_000)}
"""The silence that ends a turn: of a speaker surely finished, and of one surely not. The longest
are OpenAI's documented ones.
"""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech, from this point of all audio written to the buffer, padding included."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Enough silence, up to this point of all audio written to the buffer."""

    at_ms: int


class TurnDetector:
    """Follows one stream of audio. `speaking` is true between a start and its stop."""

    def __init__(self, settings: ServerVad | SemanticVad, *, rate_hz: int, start_ms: float) -> None:
        self.speaking = False
        self._policy = _policy(settings)
        self._resampler = Resampler(rate_hz, _RATE_HZ)
        self._vad = VAD()
        self._start_ms = start_ms
        self._windows = 0
        self._pending = np.empty(0, dtype=np.int16)
        self._recent = np.empty(0, dtype=np.int16)
        self._speech_windows = 0
        self._silence_ms = 0
        self._needed_ms = 0.0

    def reset(self) -> None:
        """Wait for speech anew; the speech in progress was committed or cleared by the client."""
        self.speaking = False
        self._speech_windows = 0

    async def feed(self, samples: Samples) -> AsyncIterator[SpeechStarted | SpeechStopped]:
        """What happens in the next samples, int16, (samples,), at the detector's rate."""
        heard = np.concatenate((self._pending, self._resampler.feed(samples)))
        whole = len(heard) // VAD_WINDOW_SAMPLES * VAD_WINDOW_SAMPLES
        self._pending = heard[whole:]
        for window in heard[:whole].reshape(-1, VAD_WINDOW_SAMPLES):
            self._windows += 1
            self._recent = np.concatenate((self._recent, window))[-EOT_MAX_SAMPLES:]
            probability = self._vad.predict(window)
            change = await self._pause(probability) if self.speaking else self._onset(probability)
            if change is not None:
                yield change

    @property
    def _now_ms(self) -> float:
        return self._start_ms + self._windows * _WINDOW_MS

    def _onset(self, probability: float) -> SpeechStarted | None:
        is_speech = probability >= self._policy.threshold
        self._speech_windows = self._speech_windows + 1 if is_speech else 0
        if self._speech_windows < _START_WINDOWS:
            return None
        self.speaking = True
        self._silence_ms = 0
        onset_ms = self._now_ms - self._speech_windows * _WINDOW_MS
        return SpeechStarted(max(0, int(onset_ms - self._policy.padding_ms)))

    async def _pause(self, probability: float) -> SpeechStopped | None:
        if probability >= self._policy.threshold - _HYSTERESIS:
            self._silence_ms = 0
            return None
        self._silence_ms += _WINDOW_MS
        if self._silence_ms == _WINDOW_MS:
            self._needed_ms = self._policy.longest_silence_ms
        if self._policy.is_semantic and self._silence_ms == _LOOK_AT_PAUSE_MS:
            finished = await asyncio.to_thread(_sounds_finished, self._recent)
            self._needed_ms = self._policy.silence_ms(finished)
        if self._silence_ms < self._needed_ms:
            return None
        self.reset()
        return SpeechStopped(int(self._now_ms))


@dataclass(frozen=True, slots=True)
class _Policy:
    """Both kinds of settings in one shape."""

    threshold: float
    padding_ms: int
    shortest_silence_ms: int
    longest_silence_ms: int

    @property
    def is_semantic(self) -> bool:
        return self.shortest_silence_ms < self.longest_silence_ms

    def silence_ms(self, finished: float) -> float:
        """The silence to wait for when the turn has ended with probability `finished`."""
        doubt = max(0.0, 1 - finished / _FINISHED)
        return self.shortest_silence_ms + doubt * (
            self.longest_silence_ms - self.shortest_silence_ms
        )


def _policy(settings: ServerVad | SemanticVad) -> _Policy:
    if isinstance(settings, SemanticVad):
        eagerness = settings.eagerness or "auto"
        shortest, longest = _EAGERNESS_MS["medium" if eagerness == "auto" else eagerness]
        return _Policy(_SEMANTIC_THRESHOLD, _SEMANTIC_PADDING_MS, shortest, longest)
    silence_ms = 500 if settings.silence_duration_ms is None else settings.silence_duration_ms
    return _Policy(
        threshold=0.5 if settings.threshold is None else settings.threshold,
        padding_ms=300 if settings.prefix_padding_ms is None else settings.prefix_padding_ms,
        shortest_silence_ms=silence_ms,
        longest_silence_ms=silence_ms,
    )


def _sounds_finished(recent: Samples) -> float:
    """The probability that the speaker has ended the turn: 33 ms of CPU, for a thread."""
    return _end_of_turn().predict(recent)


@cache
def _end_of_turn() -> EOT:
    """The model, loaded once for all connections (0.6 s, 250 MB) when it is first needed."""
    return EOT()
