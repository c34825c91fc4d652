"""One client's connection: its events in, ours out, and every task that works for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from aiohttp import WSCloseCode
from openai import BaseModel
from openai.types.realtime import (
    ConversationItemCreateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    OutputAudioBufferClearEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
    SessionUpdateEvent,
)
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

from agent.sandbox.provider import Provider
from agent.sandbox.realtime.audio import Resampler, Samples
from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.client_events import parse_document, validated
from agent.sandbox.realtime.conversation import Conversation
from agent.sandbox.realtime.errors import ClientError
from agent.sandbox.realtime.input_audio import InputAudio
from agent.sandbox.realtime.items import ItemChanges
from agent.sandbox.realtime.line import Line
from agent.sandbox.realtime.outbox import LARGEST_BACKLOG, Outbox
from agent.sandbox.realtime.recording import Recording
from agent.sandbox.realtime.responder import Responder
from agent.sandbox.realtime.response import Response
from agent.sandbox.realtime.tasks import Tasks
from agent.sandbox.realtime.transcription import Transcriber
from agent.sandbox.realtime.wire import Wire

_logger = logging.getLogger(__name__)

LIFETIME_S = 3600
"""OpenAI ends a session after an hour."""
_FAREWELL_S = 5
_LARGE_FRAME_CHARS = 256 * 1024
"""Beyond this, reading a frame's JSON would hold up other connections for over a millisecond."""


class Connection:
    """A session of one client. `run` serves it to its end."""

    def __init__(
        self,
        provider: Provider,
        beginning: Beginning,
        *,
        lifetime_s: float = LIFETIME_S,
        outbox: Outbox | None = None,
    ) -> None:
        self._lifetime_s = lifetime_s
        self._session = beginning.open(expires_at=int(time.time() + lifetime_s))
        self._conversation = Conversation()
        self._outbox = outbox or Outbox()
        self._tasks = Tasks(self._outbox.apologise)
        self.items = ItemChanges(self._conversation, self._outbox)
        self._transcriber = Transcriber(
            provider, self._conversation, self._outbox, self._tasks.spawn
        )
        self._responder = Responder(
            provider, self._conversation, self._outbox, self._tasks.spawn, self._response_finished
        )
        self._input = InputAudio(
            self._session, self._conversation, self._transcriber, self._outbox, self
        )
        self._ear: tuple[tuple[int, int], Resampler] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._idling: asyncio.Task[None] | None = None

    async def run(self, line: Line, wire: Wire) -> None:
        """Serve the session until either side ends it. All its tasks have ended then."""
        try:
            async with self._tasks:
                self._tasks.run(self._outbox.drain(wire.send))
                self._tasks.run(wire.watch())
                self._tasks.spawn(self._expire(line))
                self._outbox.emit(SessionCreatedEvent, session=self._session.document)
                await self._read(line)
                self._tasks.stop()
        except* ConnectionError:
            _logger.debug("Connection lost")

    def speech_started(self) -> None:
        """The user talks, over the assistant perhaps."""
        self._stop_idling()
        settings = self._session.turn_detection
        if settings is not None and settings.interrupt_response:
            self._responder.interrupt()
            self._outbox.cut_sound()

    def turn_ended(self) -> None:
        """The user's turn has been committed, and may be answered."""
        settings = self._session.turn_detection
        if self._session.kind == "realtime" and settings and settings.create_response:
            try:
                self._respond({})
            except ClientError as error:
                self._outbox.refuse(error, event_id=None)

    async def hear(self, samples: Samples, rate_hz: int) -> None:
        """A little of what flows in from a microphone, mono int16, between the client's events."""
        try:
            async with self._one_at_a_time:
                rates = (rate_hz, self._input.rate_hz)
                if self._ear is None or self._ear[0] != rates:
                    self._ear = (rates, Resampler(*rates))
                await self._input.flow(self._ear[1].feed(samples))
        except Exception:
            _logger.exception("Sound could not be heard")

    async def _read(self, line: Line) -> None:
        async for frame in line.frames():
            await self._outbox.room(LARGEST_BACKLOG)
            if frame is not None:
                await self._handle(frame)
                continue
            words = "Expected a text message; binary ones are not supported."
            self._outbox.refuse(ClientError(words, code="invalid_event"), event_id=None)

    async def _handle(self, frame: str) -> None:
        event_id = None
        try:
            if len(frame) > _LARGE_FRAME_CHARS:
                document = await asyncio.to_thread(parse_document, frame)
            else:
                document = parse_document(frame)
            sent_id = document.get("event_id")
            event_id = sent_id if isinstance(sent_id, str) else None
            event = validated(document, has_media=self._outbox.has_media)
            async with self._one_at_a_time:
                await self._dispatch(event, document)
        except ClientError as error:
            self._outbox.refuse(error, event_id=event_id)
        except Exception:
            _logger.exception("Client event failed")
            self._outbox.apologise(event_id=event_id)

    async def _dispatch(self, event: BaseModel, document: dict[str, Any]) -> None:
        match event:
            case InputAudioBufferAppendEvent():
                await self._input.append(event.audio)
            case InputAudioBufferCommitEvent():
                self._stop_idling()
                self._input.commit()
            case InputAudioBufferClearEvent():
                self._input.clear()
            case SessionUpdateEvent():
                self._update_session(document["session"])
            case ConversationItemCreateEvent():
                self.items.create(
                    document["item"],
                    event.previous_item_id,
                    self._session.input_format,
                    self._record,
                )
            case OutputAudioBufferClearEvent():
                if self._responder.is_active:
                    self._responder.cancel(None)
                self._outbox.cut_sound()
            case ResponseCreateEvent():
                self._stop_idling()
                self._respond(document.get("response") or {})
            case ResponseCancelEvent():
                self._responder.cancel(event.response_id)
            case _:
                self.items.make(event)

    def _update_session(self, patch: dict[str, Any]) -> None:
        self._session.update(patch, voice_is_fixed=self._responder.has_spoken)
        self._input.reconfigure()
        self._outbox.emit(SessionUpdatedEvent, session=self._session.document)

    def _respond(self, params: dict[str, Any]) -> None:
        if self._session.kind == "transcription":
            raise ClientError("A transcription session has no responses.", code="invalid_event")
        self._responder.start(self._session, params, self._record)

    def _record(self, samples: Samples) -> Recording:
        return self._transcriber.record(
            samples, self._session.input_format, self._session.transcription
        )

    def _response_finished(self, response: Response) -> None:
        settings = self._session.turn_detection
        if isinstance(settings, ServerVad) and settings.idle_timeout_ms:
            self._stop_idling()
            self._idling = self._tasks.spawn(
                self._idle(response.spoken_ms, settings.idle_timeout_ms)
            )

    async def _idle(self, playback_ms: int, silence_ms: int) -> None:
        """Speak again if nobody does: the silence begins when the response has been played."""
        await asyncio.sleep((playback_ms + silence_ms) / 1000)
        if not self._responder.is_active and not self._input.is_speaking:
            self._input.time_out(silence_ms)
            self.turn_ended()

    def _stop_idling(self) -> None:
        if self._idling is not None:
            self._idling.cancel()
            self._idling = None

    async def _expire(self, line: Line) -> None:
        await asyncio.sleep(self._lifetime_s)
        minutes = round(self._lifetime_s / 60)
        self._outbox.refuse(
            ClientError(
                f"Your session hit the maximum duration of {minutes} minutes.",
                code="session_expired",
            ),
            event_id=None,
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._outbox.emptied()
        await line.close(code=WSCloseCode.GOING_AWAY, message=b"session_expired")
