"""A talk with the realtime API through openai's client, in which every server event is checked."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openai
import soxr
from numpy.typing import NDArray
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

RATE_HZ = 24_000
_PATIENCE_S = 20
_SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)

Event = dict[str, Any]


class Talk:
    """One connection; `events` are all that came, each valid by openai's types."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.events: list[Event] = []

    async def send(self, kind: str, **fields: object) -> None:
        """Send a client event as it stands."""
        await self.connection.send({"type": kind, **fields})  # type: ignore[arg-type, misc]  # raw on purpose

    async def next(self) -> Event:
        """The next event."""
        async with asyncio.timeout(_PATIENCE_S):
            event: Event = (await self.connection.recv()).to_dict()
        _SERVER_EVENT.validate_python(event)
        assert event["event_id"]
        self.events.append(event)
        return event

    async def until(self, kind: str) -> list[Event]:
        """The events up to and with the next of this type."""
        events = [await self.next()]
        while events[-1]["type"] != kind:
            events.append(await self.next())
        return events

    async def wait_for(self, kind: str) -> Event:
        """The next event of this type."""
        return (await self.until(kind))[-1]

    async def update(self, **session: object) -> Event:
        """Change the session; its new configuration."""
        await self.send("session.update", session={"type": "realtime", **session})
        updated: Event = (await self.wait_for("session.updated"))["session"]
        return updated

    async def say(self, text: str) -> Event:
        """Put a text of the user into the conversation; the item."""
        await self.send(
            "conversation.item.create",
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": text}],
            },
        )
        item: Event = (await self.wait_for("conversation.item.done"))["item"]
        return item

    async def respond(self, **response: object) -> list[Event]:
        """Ask for a response; its events."""
        await self.send("response.create", response=response)
        return await self.until("response.done")

    async def hear(self, audio: bytes, *, chunk_bytes: int = 9_600) -> None:
        """Append audio in the session's format, as fast as it goes."""
        for start in range(0, len(audio), chunk_bytes):
            chunk = base64.b64encode(audio[start : start + chunk_bytes]).decode()
            await self.send("input_audio_buffer.append", audio=chunk)

    async def settled(self) -> list[Event]:
        """All events of what was sent before, as the answer to one more event comes last."""
        await self.send("session.update", session={"type": "realtime"})
        return await self.until("session.updated")


@asynccontextmanager
async def talk_with(client: openai.AsyncOpenAI, **query: str) -> AsyncIterator[Talk]:
    """A new session that has said session.created."""
    model = {} if query else {"model": "gpt-realtime"}
    async with client.realtime.connect(**model, extra_query=query) as connection:  # type: ignore[arg-type]
        talk = Talk(connection)
        assert (await talk.next())["type"] == "session.created"
        yield talk


def types(events: list[Event]) -> list[str]:
    """The types, a run of the same one counted once."""
    names = [event["type"] for event in events]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


def joined(events: list[Event], kind: str) -> str:
    """The deltas of one type put together."""
    return "".join(event["delta"] for event in events if event["type"] == kind)


def sound(events: list[Event]) -> bytes:
    """The audio that was sent."""
    deltas = [e["delta"] for e in events if e["type"] == "response.output_audio.delta"]
    return b"".join(base64.b64decode(delta) for delta in deltas)


@cache
def speech(text: str, *, voice: str = "slt", rate_hz: int = RATE_HZ) -> NDArray[np.int16]:
    """The text spoken by flite: int16, (samples,), mono."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            made_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    resampled: NDArray[np.int16] = soxr.resample(samples, made_hz, rate_hz)
    return resampled


def pcm(text: str, *, silence_s: float = 1.0, voice: str = "slt") -> bytes:
    """The text spoken, and then silence."""
    return speech(text, voice=voice).tobytes() + bytes(int(silence_s * RATE_HZ) * 2)
