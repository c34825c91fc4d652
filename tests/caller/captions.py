"""What a caller reads: the transcripts of both sides, one entry a segment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from livekit import rtc
from livekit.rtc.data_stream import StreamError

TOPIC = "lk.transcription"
SEGMENT_ID = "lk.segment_id"
TRACK_ID = "lk.transcribed_track_id"
FINAL = "lk.transcription_final"

Speaker = Literal["agent", "caller"]


@dataclass(slots=True)
class Caption:
    """One segment as it stands now: later streams of a segment replace its text, chunks add."""

    segment_id: str
    speaker: Speaker
    text: str = ""
    final: bool = False


class Captions:
    """Reads the room's transcription streams."""

    def __init__(self, own_identity: str, on_change: Callable[[], Awaitable[None]]) -> None:
        self._own_identity = own_identity
        self._on_change = on_change
        self._by_segment: dict[str, Caption] = {}
        self._reading: set[asyncio.Task[None]] = set()

    @property
    def all(self) -> list[Caption]:
        """Every segment, in the order in which each first appeared."""
        return list(self._by_segment.values())

    def of(self, speaker: Speaker) -> list[Caption]:
        """One side's segments."""
        return [caption for caption in self._by_segment.values() if caption.speaker == speaker]

    def attach(self, room: rtc.Room) -> None:
        """Read what this room sends."""
        room.register_text_stream_handler(TOPIC, self._on_stream)

    async def aclose(self) -> None:
        """Stop reading; what was read stays."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    def _on_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        task = asyncio.create_task(self._read(reader, identity), name="caption")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        segment_id = attributes.get(SEGMENT_ID, reader.info.stream_id)
        # The agent sends the caller's words on the caller's behalf, under the caller's identity.
        speaker: Speaker = "caller" if identity == self._own_identity else "agent"
        caption = self._by_segment.setdefault(segment_id, Caption(segment_id, speaker))
        text = ""
        # A call that ends in mid-sentence ends its open stream with an error; what came stands.
        with contextlib.suppress(StreamError):
            async for chunk in reader:
                text += chunk
                caption.text = text
                await self._on_change()
        # The stream's closing attributes are merged into the info; the opening ones say "false".
        closing = reader.info.attributes or {}
        caption.final = caption.final or closing.get(FINAL) == "true"
        await self._on_change()
