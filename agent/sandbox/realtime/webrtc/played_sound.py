"""The assistant's sound on its way to a listener: played in real time, and cut when told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from openai import BaseModel
from openai.types.realtime.realtime_server_event import (
    OutputAudioBufferCleared,
    OutputAudioBufferStarted,
    OutputAudioBufferStopped,
)

from agent.sandbox.realtime.audio import PCM, AudioFormat, Resampler, Samples
from agent.sandbox.realtime.outbox import Outbox

FRAME_S = 0.02
FRAME_SAMPLES = round(PCM.rate_hz * FRAME_S)

Heard = Callable[[str, int], None]
"""Is told an item's id and the milliseconds of it that were played before it was cut."""


@dataclass(slots=True)
class _Stretch:
    """Sound of one item that waits to be played."""

    response_id: str
    item_id: str
    samples: Samples


class PlayedSound(Outbox):
    """Events to be sent and, beside them, sound to be played by whoever asks for frames of it.

    `heard` is to be set before the first sound.
    """

    has_media = True

    def __init__(self) -> None:
        super().__init__()
        self.heard: Heard = lambda _item_id, _ms: None
        self._waiting: deque[_Stretch] = deque()
        self._sounding: str | None = None
        """The response whose sound is being played."""
        self._ended: set[str] = set()
        self._played: dict[str, int] = {}
        """Samples, by item that is not over."""
        self._resampler: tuple[str, Resampler] | None = None

    def sound(self, data: bytes, audio_format: AudioFormat, **place: Any) -> None:
        """See Outbox: here it is queued to be played."""
        item_id = place["item_id"]
        if self._resampler is None or self._resampler[0] != item_id:
            self._resampler = (item_id, Resampler(audio_format.rate_hz, PCM.rate_hz))
        samples = self._resampler[1].feed(audio_format.decode(data))
        self._waiting.append(_Stretch(place["response_id"], item_id, samples))

    def no_more_sound(self, response_id: str) -> None:
        """See Outbox: when all of it has been played, that is told."""
        self._ended.add(response_id)

    def cut_sound(self) -> None:
        """Play no more of what waits. The client is told, and what was not heard is forgotten."""
        if self._sounding is None and not self._waiting:
            return
        response_id = self._sounding or self._waiting[0].response_id
        unheard = list(dict.fromkeys(stretch.item_id for stretch in self._waiting))
        self._waiting.clear()
        self._over(OutputAudioBufferCleared, response_id)
        for item_id in unheard:
            played = self._played.pop(item_id, 0)
            self.heard(item_id, played * 1000 // PCM.rate_hz)
        self._played.clear()

    def next_frame(self) -> Samples:
        """The next FRAME_S of sound, silence included; int16, (FRAME_SAMPLES,), 24 kHz mono."""
        frame = np.zeros(FRAME_SAMPLES, dtype=np.int16)
        filled = 0
        while filled < FRAME_SAMPLES and self._waiting:
            stretch = self._waiting[0]
            if stretch.response_id != self._sounding:
                if filled:
                    break  # another response begins with a frame of its own
                self._begin(stretch.response_id)
            taken = stretch.samples[: FRAME_SAMPLES - filled]
            frame[filled : filled + len(taken)] = taken
            filled += len(taken)
            self._played[stretch.item_id] = self._played.get(stretch.item_id, 0) + len(taken)
            stretch.samples = stretch.samples[len(taken) :]
            if not len(stretch.samples):
                self._waiting.popleft()
        if not filled and self._sounding in self._ended:
            self._over(OutputAudioBufferStopped, self._sounding)
        return frame

    def _begin(self, response_id: str) -> None:
        if self._sounding is not None:
            self._over(OutputAudioBufferStopped, self._sounding)
        self._sounding = response_id
        self.emit(OutputAudioBufferStarted, response_id=response_id)

    def _over(self, event: type[BaseModel], response_id: str | None) -> None:
        self._sounding = None
        self._ended.clear()
        if event is OutputAudioBufferStopped:
            self._played.clear()
        self.emit(event, response_id=response_id)
