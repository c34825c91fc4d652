"""Recorded sentences: what the agent can say when no provider speaks for it."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources

from livekit import rtc

from agent.call.language import primary_subtag

FRAME_S = 0.02
SPOKEN_LANGUAGE = "en"
"""The language of a clip for which there is no recording in the caller's."""


class ClipName(StrEnum):
    """The sentences there are."""

    MOMENT = "moment"
    AGAIN = "again"
    STILL_THERE = "still_there"
    GOODBYE = "goodbye"
    SORRY = "sorry"


SENTENCES = {
    ClipName.MOMENT: "One moment, please.",
    ClipName.AGAIN: "Sorry, could you say that again?",
    ClipName.STILL_THERE: "Are you still there?",
    ClipName.GOODBYE: "I cannot hear you any more. Goodbye.",
    ClipName.SORRY: (
        "I am sorry, we cannot take this call right now. Please try again later. Goodbye."
    ),
}
"""What the English recordings say; `scripts/record-clips` makes them. A recording in another
language is a file beside them, named `moment.de.wav`, with its words in `moment.de.txt`.
"""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, 16-bit mono; `text` is its caption."""

    name: ClipName
    text: str
    rate_hz: int
    samples: bytes = field(repr=False)

    @property
    def duration_s(self) -> float:
        """How long it plays."""
        return len(self.samples) / 2 / self.rate_hz

    def frames(self) -> Iterator[rtc.AudioFrame]:
        """The recording in frames of 20 ms; the last may be shorter."""
        step_bytes = 2 * round(self.rate_hz * FRAME_S)
        for start in range(0, len(self.samples), step_bytes):
            part = self.samples[start : start + step_bytes]
            yield rtc.AudioFrame(part, self.rate_hz, 1, len(part) // 2)


@cache
def load_clip(name: ClipName, language: str) -> Clip:
    """A recording in the caller's language, a BCP 47 tag, or else in English."""
    folder = resources.files(__package__).joinpath("clips")
    tag = primary_subtag(language)
    recording, words = folder.joinpath(f"{name}.{tag}.wav"), folder.joinpath(f"{name}.{tag}.txt")
    if not recording.is_file():
        recording = folder.joinpath(f"{name}.{SPOKEN_LANGUAGE}.wav")
    text = words.read_text("utf-8").strip() if words.is_file() else SENTENCES[name]
    with recording.open("rb") as file, wave.open(file) as clip:
        if (clip.getnchannels(), clip.getsampwidth()) != (1, 2):
            raise ValueError(f"{recording.name} is not 16-bit mono")
        return Clip(name, text, clip.getframerate(), clip.readframes(clip.getnframes()))
