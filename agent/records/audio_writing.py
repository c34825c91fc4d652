"""Writes what is heard in one call into its file, where each sound belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from agent.records.audio_alignment import RATE_HZ, Samples, TwoSides
from agent.records.audio_files import AudioFile
from agent.records.audio_ogg import OggOpus
from agent.records.sealing import Sealing

STEP_S = 0.2
"""Writing is done this often: once for each frame would cost more than the frame."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Of the caller, or of the agent's voice; or a moment at which the agent falls silent."""

    kind: Literal["heard", "played", "cut"]
    noted_s: float
    """By this it is dealt with in order; both on the record's clock."""
    at_s: float
    rate_hz: int = RATE_HZ
    samples: bytes = b""
    channels: int = 1

    @property
    def mono(self) -> Samples:
        """Of several channels the first."""
        return np.frombuffer(self.samples, dtype=np.int16)[:: self.channels]


class SoundWriter:
    """The file of one call, which begins with the first sound of it."""

    def __init__(self, path: Path, sealing: Sealing, begun: Callable[[], None]) -> None:
        self._path = path
        self._sealing = sealing
        self._begun = begun
        self._sides = TwoSides()
        self._noted_s = 0.0
        self._opus: OggOpus | None = None
        self._file: AudioFile | None = None

    def take(self, sound: Sound) -> None:
        """Put it into its place."""
        # Step by step, as if there had been no delay: the places of frames are found by what came
        # shortly after them, and not more than some seconds are held.
        if sound.noted_s > self._noted_s + STEP_S:
            self.up_to(sound.noted_s)
        if sound.kind == "heard":
            self._sides.hear(sound.mono, sound.rate_hz, sound.at_s)
        elif sound.kind == "played":
            self._sides.play(sound.mono, sound.rate_hz, sound.at_s)
        else:
            self._sides.cut(sound.at_s)

    def up_to(self, now_s: float) -> None:
        """Write what has its place by now."""
        self._noted_s = now_s
        self._write(self._sides.take(now_s))

    def finish(self) -> None:
        """Write all that is left."""
        self._write(self._sides.rest())
        if self._opus is not None and self._file is not None:
            self._file.append(self._opus.finish())

    def close(self) -> None:
        """Let go of the file, whatever is in it."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> bool:
        """Delete the file; whether there was one."""
        if self._file is not None:
            self._file.path.unlink(missing_ok=True)
        return self._file is not None

    def _write(self, blocks: Iterable[Samples]) -> None:
        for block in blocks:
            if self._opus is None:
                self._opus = OggOpus(RATE_HZ)
            pages = self._opus.encode(block)
            if pages and self._file is None:
                self._file = AudioFile(self._path, self._sealing)
                self._begun()
            if pages and self._file is not None:
                self._file.append(pages)
