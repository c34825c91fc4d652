"""The audio formats of the wire, and pcm from one rate to another as it streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from agent.sandbox.realtime import g711

Samples = NDArray[np.int16]


def _pcm_decode(data: bytes) -> Samples:
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


def _pcm_encode(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """One of OpenAI's realtime formats, mono. `decode` gives int16, (samples,)."""

    rate_hz: int
    sample_bytes: int
    decode: Callable[[bytes], Samples]
    encode: Callable[[Samples], bytes]


PCM = AudioFormat(24_000, 2, _pcm_decode, _pcm_encode)
_FORMATS = {
    "audio/pcm": PCM,
    "audio/pcmu": AudioFormat(8_000, 1, g711.ulaw_decode, g711.ulaw_encode),
    "audio/pcma": AudioFormat(8_000, 1, g711.alaw_decode, g711.alaw_encode),
}


def audio_format(document: dict[str, Any]) -> AudioFormat:
    """The format that a session's `audio.input.format` or `audio.output.format` names."""
    return _FORMATS[document.get("type", "audio/pcm")]


class Resampler:
    """Mono int16 from one rate to another, chunk by chunk. The same rate passes untouched."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        # LQ delays by 12 to 24 ms and takes 0.01 ms per 100 ms of audio; HQ delays by up to 96 ms.
        self._stream = (
            soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="LQ")
            if from_hz != to_hz
            else None
        )

    def feed(self, samples: Samples, *, last: bool = False) -> Samples:
        """What has come out so far; with `last`, everything that was still inside."""
        if self._stream is None:
            return samples
        out: Samples = self._stream.resample_chunk(samples, last=last)
        return out
