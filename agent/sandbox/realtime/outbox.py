"""The way out of a connection: every event is one of openai's types, and all keep their order."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from openai import BaseModel
from openai.types.realtime import RealtimeErrorEvent, ResponseAudioDeltaEvent

from agent.sandbox.realtime.audio import AudioFormat
from agent.sandbox.realtime.client_events import event_name
from agent.sandbox.realtime.errors import ClientError
from agent.sandbox.realtime.identifiers import new_id

OUTPUT_BACKLOG = 32
"""Events a client may be behind before more is made for it."""
LARGEST_BACKLOG = 1_000
"""Events a client may be behind before its own events wait: memory is not its to fill."""


class Outbox:
    """Events to be sent, in order. `emit` never waits, so a group of events stays together."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[str] = asyncio.Queue()
        self._taken = asyncio.Event()

    def emit(self, event: type[BaseModel], **fields: object) -> None:
        """Queue an event. Raises pydantic's ValidationError if it is not of its type."""
        document = {"type": event_name(event), "event_id": new_id("event"), **fields}
        event.model_validate(document)
        self._frames.put_nowait(json.dumps(document, ensure_ascii=False))

    def refuse(self, error: ClientError, *, event_id: str | None) -> None:
        """Queue an `error` event that answers the client's event of that id."""
        self._error("invalid_request_error", error.message, error.code, error.param, event_id)

    def apologise(self, *, event_id: str | None = None) -> None:
        """Queue an `error` event that takes the blame."""
        words = "The server had an error while processing your request."
        self._error("server_error", words, "internal_error", None, event_id)

    def _error(
        self, kind: str, message: str, code: str | None, param: str | None, event_id: str | None
    ) -> None:
        self.emit(
            RealtimeErrorEvent,
            error={
                "type": kind,
                "code": code,
                "message": message,
                "param": param,
                "event_id": event_id,
            },
        )

    # The assistant's sound: here among the events, and beside them where media flow.

    has_media = False

    def sound(self, data: bytes, audio_format: AudioFormat, **place: Any) -> None:
        """More of a spoken message, in this format, at its place in the output."""
        self.emit(ResponseAudioDeltaEvent, **place, delta=base64.b64encode(data).decode())

    def no_more_sound(self, response_id: str) -> None:
        """A response has ended."""

    def cut_sound(self) -> None:
        """Play nothing of what was made so far: a client that has it all does that itself."""

    async def room(self, backlog: int) -> None:
        """Wait until at most this many events are queued."""
        while self._frames.qsize() > backlog:
            self._taken.clear()
            await self._taken.wait()

    async def drain(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send for ever. Ends with what `send` raises."""
        while True:
            frame = await self._frames.get()
            await send(frame)
            self._frames.task_done()
            self._taken.set()

    async def emptied(self) -> None:
        """Wait until all that was queued has been sent."""
        await self._frames.join()
