"""The audio of what a caller is saying."""

from __future__ import annotations

from collections import deque

import numpy as np
from livekit import rtc


class UtteranceAudio:
    """The frames of an utterance and of the moment before it."""

    def __init__(self) -> None:
        self._frames: deque[rtc.AudioFrame] = deque()
        self.duration_s = 0.0

    def add(self, frame: rtc.AudioFrame) -> None:
        """Append a frame; all have the same format."""
        self._frames.append(frame)
        self.duration_s += frame.duration

    def keep_last(self, duration_s: float) -> None:
        """Forget the oldest frames beyond this duration."""
        while self._frames and self.duration_s - self._frames[0].duration >= duration_s - 1e-9:
            self.duration_s -= self._frames.popleft().duration

    def merged(self) -> rtc.AudioFrame | None:
        """All of it in one frame; None if it is empty or every sample is zero."""
        if not self._frames:
            return None
        audio = rtc.combine_audio_frames(list(self._frames))
        return audio if np.frombuffer(audio.data, dtype=np.int16).any() else None
