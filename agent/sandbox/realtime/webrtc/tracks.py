"""Sound over WebRTC: what is played to a client, and what comes from its microphone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from agent.sandbox.realtime.audio import PCM, Samples
from agent.sandbox.realtime.webrtc.played_sound import FRAME_S, FRAME_SAMPLES

_LATEST_S = 0.2
"""A player that is behind by more, on a machine that was busy, goes on from where it is."""


class SpeechTrack(MediaStreamTrack):
    """Sound in real time, silence between.

    Args:
        next_frame: Makes the next 20 ms: int16, (480,), 24 kHz mono.
    """

    kind = "audio"

    def __init__(self, next_frame: Callable[[], Samples]) -> None:
        super().__init__()
        self._next_frame = next_frame
        self._sent = 0
        self._due: float | None = None

    async def recv(self) -> AudioFrame:
        """The next frame, when it is time. Raises MediaStreamError once the track is stopped."""
        now = asyncio.get_running_loop().time()
        if self._due is None or now - self._due > _LATEST_S:
            self._due = now
        await asyncio.sleep(self._due - now)
        if self.readyState != "live":
            raise MediaStreamError
        self._due += FRAME_S
        frame = AudioFrame.from_ndarray(
            self._next_frame().reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = PCM.rate_hz
        frame.time_base = Fraction(1, PCM.rate_hz)
        frame.pts = self._sent * FRAME_SAMPLES
        self._sent += 1
        return frame


def mono(frame: AudioFrame) -> Samples:
    """The samples of a frame, int16, (samples,), its channels mixed."""
    samples = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if samples.shape[0] == 1:  # packed: the channels take turns
        samples = samples.reshape(-1, channels).T
    mixed: Samples = samples.mean(axis=0).astype(np.int16)
    return mixed
