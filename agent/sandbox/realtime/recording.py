"""What was said in an item: the user's audio, heard once for all who ask, or the assistant's."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field

from agent.sandbox.ears import Transcript
from agent.sandbox.realtime.audio import PCM, AudioFormat, Samples


@dataclass(slots=True)
class Recording:
    """Audio of the user. `heard` is the one recognition that the mind, the transcription events
    and later reads share; it belongs to the connection.
    """

    samples: Samples
    format: AudioFormat
    heard: asyncio.Task[Transcript | None]

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return len(self.samples) / self.format.rate_hz

    def encoded(self) -> str:
        """Base64 in the format in which it came."""
        return base64.b64encode(self.format.encode(self.samples)).decode()

    async def transcript(self) -> Transcript | None:
        """What the ears made of it; None if they failed. Being cancelled does not stop them."""
        return await asyncio.shield(self.heard)


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    start_bytes: int


@dataclass(slots=True)
class Speech:
    """Audio of the assistant with the words at their places, in the order they are spoken."""

    format: AudioFormat = PCM
    audio: bytearray = field(default_factory=bytearray)
    _passages: list[_Passage] = field(default_factory=list)

    @property
    def transcript(self) -> str:
        """All words so far."""
        return "".join(passage.text for passage in self._passages)

    @property
    def duration_ms(self) -> int:
        """How long the audio is so far."""
        return len(self.audio) * 1000 // self._second_bytes

    def begin(self, text: str) -> None:
        """The audio that follows speaks this text."""
        self._passages.append(_Passage(text, len(self.audio)))

    def cut(self, end_ms: int) -> None:
        """Forget what comes after `end_ms`: audio, and words by their share of their passage."""
        end_bytes = end_ms * self._second_bytes // 1000
        end_bytes -= end_bytes % self.format.sample_bytes
        kept = []
        ends = [passage.start_bytes for passage in self._passages[1:]] + [len(self.audio)]
        for passage, passage_end in zip(self._passages, ends, strict=True):
            if passage.start_bytes >= end_bytes:
                break
            length = passage_end - passage.start_bytes
            share = (end_bytes - passage.start_bytes) / length if length else 1
            kept.append(_Passage(_heard_words(passage.text, share), passage.start_bytes))
        self._passages = kept
        del self.audio[end_bytes:]

    @property
    def _second_bytes(self) -> int:
        return self.format.rate_hz * self.format.sample_bytes


def _heard_words(text: str, share: float) -> str:
    """The words that end within this share of the text."""
    if share >= 1:
        return text
    return text[: int(len(text) * share) + 1].rpartition(" ")[0]
