"""One client's connection: its events in, ours out, and every task that works for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import WSCloseCode, WSMsgType, web
from openai import BaseModel
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemCreateEvent,
    ConversationItemDeletedEvent,
    ConversationItemDeleteEvent,
    ConversationItemDone,
    ConversationItemRetrieveEvent,
    ConversationItemTruncatedEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
    SessionUpdateEvent,
)
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad
from openai.types.realtime.realtime_server_event import ConversationItemRetrieved

from agent.sandbox.provider import Provider
from agent.sandbox.realtime.audio import Samples
from agent.sandbox.realtime.client_events import parse_document, validated
from agent.sandbox.realtime.conversation import Conversation, item_from_client
from agent.sandbox.realtime.errors import ClientError
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.input_audio import InputAudio
from agent.sandbox.realtime.outbox import LARGEST_BACKLOG, Outbox
from agent.sandbox.realtime.recording import Recording
from agent.sandbox.realtime.responder import Responder
from agent.sandbox.realtime.response import Response
from agent.sandbox.realtime.session import Kind, Session
from agent.sandbox.realtime.transcription import Transcriber
from agent.sandbox.realtime.wire import Wire

T = TypeVar("T")

_logger = logging.getLogger(__name__)

LIFETIME_S = 3600
"""OpenAI ends a session after an hour."""
_FAREWELL_S = 5
_LARGE_FRAME_CHARS = 256 * 1024
"""Beyond this, reading a frame's JSON would hold up other connections for over a millisecond."""


class Connection:
    """A session on an accepted socket. `run` serves it to its end."""

    def __init__(
        self, provider: Provider, kind: Kind, *, model: str, lifetime_s: float = LIFETIME_S
    ) -> None:
        self._lifetime_s = lifetime_s
        expires_at = int(time.time() + lifetime_s)
        self._session = Session(new_id("sess"), kind, model=model, expires_at=expires_at)
        self._conversation = Conversation()
        self._outbox = Outbox()
        self._transcriber = Transcriber(provider, self._conversation, self._outbox, self._spawn)
        self._responder = Responder(
            provider, self._conversation, self._outbox, self._spawn, self._response_finished
        )
        self._input = InputAudio(
            self._session, self._conversation, self._transcriber, self._outbox, self
        )
        self._idling: asyncio.Task[None] | None = None
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, socket: web.WebSocketResponse, wire: Wire) -> None:
        """Serve the session until either side ends it. All its tasks have ended then."""
        try:
            async with self._group:
                self._own(self._group.create_task(self._outbox.drain(wire.send)))
                self._own(self._group.create_task(wire.watch()))
                self._spawn(self._expire(socket))
                self._outbox.emit(SessionCreatedEvent, session=self._session.document)
                await self._read(socket)
                self._stop()
        except* ConnectionError:
            _logger.debug("Connection lost")

    def speech_started(self) -> None:
        """The user talks, over the assistant perhaps."""
        self._stop_idling()
        settings = self._session.turn_detection
        if settings is not None and settings.interrupt_response:
            self._responder.interrupt()

    def turn_ended(self) -> None:
        """The user's turn has been committed, and may be answered."""
        settings = self._session.turn_detection
        if self._session.kind == "realtime" and settings and settings.create_response:
            try:
                self._respond({})
            except ClientError as error:
                self._outbox.refuse(error, event_id=None)

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            await self._outbox.room(LARGEST_BACKLOG)
            if message.type is WSMsgType.TEXT:
                await self._handle(message.data)
            elif message.type is WSMsgType.BINARY:
                words = "Expected a text WebSocket message; binary frames are not supported."
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
            await self._dispatch(validated(document), document)
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
                self._create_item(document["item"], event.previous_item_id)
            case ConversationItemDeleteEvent():
                self._conversation.delete(event.item_id)
                self._outbox.emit(ConversationItemDeletedEvent, item_id=event.item_id)
            case ConversationItemRetrieveEvent():
                item = self._conversation.retrieve(event.item_id)
                self._outbox.emit(ConversationItemRetrieved, item=item.with_audio())
            case ConversationItemTruncateEvent():
                self._truncate(event)
            case ResponseCreateEvent():
                self._stop_idling()
                self._respond(document.get("response") or {})
            case ResponseCancelEvent():
                self._responder.cancel(event.response_id)
            case _:
                raise TypeError(f"no handler for {type(event).__name__}")

    def _update_session(self, patch: dict[str, Any]) -> None:
        self._session.update(patch, voice_is_fixed=self._responder.has_spoken)
        self._input.reconfigure()
        self._outbox.emit(SessionUpdatedEvent, session=self._session.document)

    def _create_item(self, document: dict[str, Any], after: str | None) -> None:
        item = item_from_client(
            document, audio_format=self._session.input_format, record=self._record
        )
        self._conversation.add(item, after=after)
        previous = self._conversation.predecessor(item)
        for event in (ConversationItemAdded, ConversationItemDone):
            self._outbox.emit(event, previous_item_id=previous, item=item.document)

    def _truncate(self, event: ConversationItemTruncateEvent) -> None:
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        self._outbox.emit(
            ConversationItemTruncatedEvent,
            item_id=event.item_id,
            content_index=event.content_index,
            audio_end_ms=event.audio_end_ms,
        )

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
            self._idling = self._spawn(self._idle(response.spoken_ms, settings.idle_timeout_ms))

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

    async def _expire(self, socket: web.WebSocketResponse) -> None:
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
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"session_expired")

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Run something for this session. If it fails, by a bug of ours, the client is told."""
        task = self._group.create_task(self._guarded(work))
        # Cancelled before its first step, a task leaves what it was to await; closing is harmless.
        task.add_done_callback(lambda _: work.close())
        return self._own(task)

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await work
        except Exception:
            _logger.exception("Task of a session failed")
            self._outbox.apologise()
            return None

    def _own(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
