"""Encodes sound as Opus in Ogg, page by page, so that a file is whole wherever it is cut off."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

BITRATE_BPS = 48_000
"""Of both sides together, at most; silence takes a tenth. One side alone leaks into the other at
-55 dB below itself (measured 2026-11-26 with the recordings of `agent.supervision.clips`).
"""
PACKET_S = 0.06
"""The longest that Opus has: half the computing of 20 ms, most of which is not the codec's."""
PAGE_S = 0.12
_COMPLEXITY = 3
"""Of 10. More is not heard in speech at this rate; it takes 0.4 % of a core, and 10 takes 0.8 %."""


class OggOpus:
    """One stereo stream.

    Args:
        rate_hz: Of what is encoded: 8, 12, 16, 24 or 48 kHz.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._sink = _Sink()
        options = {"page_duration": str(round(PAGE_S * 1e6)), "flush_packets": "1"}
        self._container = av.open(self._sink, "w", format="ogg", options=options)
        self._stream = self._container.add_stream(
            "libopus",
            rate=rate_hz,
            layout="stereo",
            bit_rate=BITRATE_BPS,
            options={
                "application": "audio",
                "frame_duration": str(round(PACKET_S * 1000)),
                "compression_level": str(_COMPLEXITY),
            },
        )
        self._given = 0

    def encode(self, stereo: NDArray[np.int16]) -> bytes:
        """Take int16, (samples, 2), whole packets of it; gives the pages that are full."""
        size = round(PACKET_S * self._rate_hz)
        for start in range(0, len(stereo), size):
            packed = np.ascontiguousarray(stereo[start : start + size]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
            frame.sample_rate = self._rate_hz
            frame.pts = self._given
            self._given += packed.shape[1] // 2
            self._container.mux(self._stream.encode(frame))
        return self._sink.taken()

    def finish(self) -> bytes:
        """The last pages. Nothing can be encoded after it."""
        if self._given:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.taken()


class _Sink:
    """What the muxer writes to. Without `seek`, it never goes back to a page."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, written: bytes) -> int:
        """Keep the muxer's next bytes."""
        self._bytes += written
        return len(written)

    def taken(self) -> bytes:
        """All that came since this was last asked for."""
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken
