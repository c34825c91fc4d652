"""What the sandbox hears: speech in, words out, off the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

_logger = logging.getLogger(__name__)

HEARING_RATE_HZ = 16_000
"""Both recognisers were trained on speech at this rate."""

_SHORTEST_SPEECH_S = 0.1
_SILENCE_DBFS = -50.0
"""Quieter than this in every 20 ms is silence. Whisper makes up words for it ("Thank you.")."""


class EarsError(Exception):
    """A recogniser that cannot work on this machine; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of recognised speech; times in seconds from the start of the audio."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was recognised in one piece of audio. `text` is empty when no speech was found.

    `language` is an ISO 639-1 code. `words` is filled only when it was asked for.
    """

    text: str
    language: str
    duration_s: float
    segments: tuple[Segment, ...] = ()
    words: tuple[Segment, ...] = ()


class Ears(Protocol):
    """A speech recogniser."""

    @property
    def name(self) -> str:
        """Which recogniser this is, for logs and `/healthz`."""
        ...

    async def warm(self) -> None:
        """Load the model, once, off the loop. Raises EarsError; `transcribe` calls it too."""
        ...

    async def transcribe(
        self,
        samples: NDArray[np.int16],
        *,
        sample_rate_hz: int,
        language: str | None = None,
        prompt: str | None = None,
        word_times: bool = False,
    ) -> Transcript:
        """Words of mono audio, int16, (samples,), at any rate. Runs off the event loop.

        Silence and scraps of sound give an empty transcript. Raises EarsError.
        """
        ...

    def close(self) -> None:
        """Release the model's threads or processes. Work in progress is abandoned."""
        ...


class FirstAvailableEars:
    """The first of several recognisers that can work here, settled when it is first needed."""

    def __init__(self, candidates: Sequence[Ears]) -> None:
        self._candidates = candidates
        self._chosen: Ears | None = None
        self._choosing = asyncio.Lock()

    @property
    def name(self) -> str:
        """The chosen recogniser's name; until then, the names in order."""
        return self._chosen.name if self._chosen else " or ".join(e.name for e in self._candidates)

    async def warm(self) -> None:
        """Choose, and load the model of the chosen one. Raises EarsError if none can work."""
        await self._choose()

    async def transcribe(
        self,
        samples: NDArray[np.int16],
        *,
        sample_rate_hz: int,
        language: str | None = None,
        prompt: str | None = None,
        word_times: bool = False,
    ) -> Transcript:
        """As in Ears."""
        chosen = await self._choose()
        return await chosen.transcribe(
            samples,
            sample_rate_hz=sample_rate_hz,
            language=language,
            prompt=prompt,
            word_times=word_times,
        )

    def close(self) -> None:
        """Close every candidate."""
        for ears in self._candidates:
            ears.close()

    async def _choose(self) -> Ears:
        if self._chosen is not None:
            return self._chosen
        async with self._choosing:
            if self._chosen is None:
                self._chosen = await self._first_that_warms()
            return self._chosen

    async def _first_that_warms(self) -> Ears:
        reasons = []
        for ears in self._candidates:
            try:
                await ears.warm()
            except EarsError as reason:
                reasons.append(f"{ears.name}: {reason}")
            else:
                if reasons:
                    _logger.warning("Recognising with %s. %s", ears.name, " ".join(reasons))
                return ears
        raise EarsError(" ".join(reasons))


def for_hearing(samples: NDArray[np.int16], sample_rate_hz: int) -> NDArray[np.int16]:
    """The same audio at HEARING_RATE_HZ, or an empty array when there is no speech to look for.
    CPU work: a few milliseconds for a minute of audio.
    """
    if len(samples) < _SHORTEST_SPEECH_S * sample_rate_hz or _is_silent(samples, sample_rate_hz):
        return np.empty(0, dtype=np.int16)
    if sample_rate_hz == HEARING_RATE_HZ:
        return samples
    resampled: NDArray[np.int16] = soxr.resample(samples, sample_rate_hz, HEARING_RATE_HZ)
    return resampled


def _is_silent(samples: NDArray[np.int16], sample_rate_hz: int) -> bool:
    window = max(1, sample_rate_hz // 50)
    whole = samples[: len(samples) // window * window].astype(np.float32) / 32768
    loudest = np.sqrt(np.mean(whole.reshape(-1, window) ** 2, axis=1)).max(initial=0.0)
    return bool(loudest < 10 ** (_SILENCE_DBFS / 20))
