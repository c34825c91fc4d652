"""Raises a quiet caller, by WebRTC's gain control from the SDK, while there is anything to raise.

It brings speech to about -22 dBFS and leaves louder speech alone, but looks at every frame of it:
a sixth of what the event loop of a call does (profiled 2026-11-27). So it is left out for a caller
of whom it was seen to change nothing.
"""

from __future__ import annotations

import numpy as np
from livekit import rtc
from livekit.agents import vad

from agent.pipeline.caller_audio import processed

RAISED = 1.12
"""Of energy, half a decibel: less is nothing."""
QUIET_RMS = 1_640.0
"""About -26 dBFS, over a whole speech with the silence at its ends."""


class GainControl:
    """A filter of the caller's audio (`agent.pipeline.caller_audio.Filter`), and the last: what the
    others take out must not be raised. It works until `heard` finds it useless.
    """

    def __init__(self) -> None:
        self._processing: rtc.AudioProcessingModule | None = _new_processing()
        self._before = self._after = 0.0
        """Energies since the end of the last speech."""

    @property
    def works(self) -> bool:
        """Whether frames go through it now."""
        return self._processing is not None

    def __call__(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        """See Filter."""
        if self._processing is None:
            return frame
        raised = processed(self._processing, frame)
        self._before += _energy(frame)
        self._after += _energy(raised)
        return raised

    def heard(self, event: vad.VADEvent) -> None:
        """Take an event of the detector that hears the filtered audio: the end of a speech tells
        whether the next is to be raised.
        """
        if event.type is not vad.VADEventType.END_OF_SPEECH:
            return
        if self._processing is None:
            samples = sum(frame.samples_per_channel for frame in event.frames)
            if sum(_energy(frame) for frame in event.frames) < QUIET_RMS**2 * samples:
                # A new one finds the level of quiet speech at once, one that heard loud speech
                # before takes many seconds.
                self._processing = _new_processing()
        elif self._after <= RAISED * self._before:
            self._processing = None
        self._before = self._after = 0.0


def _new_processing() -> rtc.AudioProcessingModule:
    return rtc.AudioProcessingModule(auto_gain_control=True)


def _energy(frame: rtc.AudioFrame) -> float:
    samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
    return float(np.dot(samples, samples))
