"""Requests for replies that outlive the connection on which they were made."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
from livekit.agents import llm
from livekit.plugins import openai
from openai.types.realtime import RealtimeErrorEvent, ResponseCreatedEvent, ResponseDoneEvent

from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.memory import RememberingSession

logger = logging.getLogger(__name__)

Event = dict[str, Any]

ACTIVE_RESPONSE = "conversation_already_has_active_response"
OUTPUT = frozenset(
    {
        "response.output_audio.delta",
        "response.output_text.delta",
        "response.function_call_arguments.delta",
    }
)
STALLED_AFTER = 2
"""Times `first_audio_s`: the longest rest within a reply. Its sound comes ahead of being played."""


class AskingSession(RememberingSession):
    """A session that sees to it that every request for a reply comes to a reply."""

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self._deadline: asyncio.TimerHandle | None = None
        self._unanswered: dict[str, Event] = {}
        self._parked: list[str] = []
        self._answered: Event = {}
        self._has_begun = False
        self._kept_futures: dict[str, asyncio.Future[llm.GenerationCreatedEvent]] = {}
        self._kept_discards: set[str] = set()
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)
        self.on("openai_client_event_queued", self._note_sent)
        self.on("openai_server_event_received", self._note_received)

    @property
    def has_active_generation(self) -> bool:
        """Whether a reply is under way or asked for, on whatever connection."""
        return bool(self._kept_futures) or bool(super().has_active_generation)

    def interrupt(self) -> None:
        """Cancel the reply that is under way."""
        self._stop_deadline()
        super().interrupt()

    # From one connection to the next

    async def _main_task(self) -> None:
        try:
            await super()._main_task()
        finally:
            self._stop_deadline()
            for future in self._kept_futures.values():
                if not future.done():
                    future.set_exception(llm.RealtimeError("realtime session closed"))

    def _disconnected(self) -> None:
        super()._disconnected()
        self._stop_deadline()
        self._set_aside()

    def _connected(self) -> None:
        super()._connected()
        self._set_aside()  # what was asked for without a connection is queued

    def _set_aside(self) -> None:
        """Take the requests out of the plugin's hands, which would call them failed."""
        self._kept_futures |= self._response_created_futures
        self._response_created_futures.clear()
        self._kept_discards |= self._discarded_event_ids

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        await super()._catch_up(ws_conn)
        kept, self._kept_futures = self._kept_futures, {}
        self._response_created_futures |= {id_: f for id_, f in kept.items() if not f.done()}
        self._discarded_event_ids |= self._kept_discards
        self._kept_discards.clear()
        self._parked.clear()
        for event in self._waited_for():
            self.health.asked_again += 1
            await ws_conn.send_str(json.dumps(event))
            self._start_deadline()

    # The plugin's handlers

    def _handle_response_created(self, event: ResponseCreatedEvent) -> None:
        metadata = event.response.metadata
        client_event_id = metadata.get("client_event_id", "") if isinstance(metadata, dict) else ""
        asked = self._unanswered.pop(client_event_id, {}).get("response") or {}
        self._answered = {name: value for name, value in asked.items() if value is not None}
        self._has_begun = False
        super()._handle_response_created(event)

    def _handle_response_done(self, event: ResponseDoneEvent) -> None:
        super()._handle_response_done(event)
        parked, self._parked = self._parked, []
        for event_id in parked:
            future = self._response_created_futures.get(event_id)
            if future is not None and not future.done():
                self.send_event(self._unanswered[event_id])

    def _handle_error(self, event: RealtimeErrorEvent) -> None:
        event_id = event.error.event_id or ""
        if event.error.code == ACTIVE_RESPONSE and event_id in self._unanswered:
            logger.info("a reply was asked for while another is under way; it waits")
            self._stop_deadline()
            if self._current_generation is None:  # it has ended meanwhile
                self.send_event(self._unanswered[event_id])
            else:
                self._parked.append(event_id)
            return
        self._unanswered.pop(event_id, None)
        super()._handle_error(event)

    # The deadline for the next output of a reply

    def _note_sent(self, event: Event) -> None:
        if event["type"] == "response.create":
            self._unanswered[event["event_id"]] = event
            self._start_deadline()

    def _note_received(self, event: Event) -> None:
        kind = event.get("type")
        if kind in OUTPUT:
            self._has_begun = True
            if not self._unanswered:
                self._start_deadline(STALLED_AFTER)
        elif kind == "response.created":
            if self._deadline is None:
                self._start_deadline()
        elif kind == "response.done":
            self._stop_deadline()
            if self._unanswered:
                self._start_deadline()

    def _waited_for(self) -> list[Event]:
        """The unanswered requests that somebody still waits for; the others are forgotten."""
        self._unanswered = {
            event_id: event
            for event_id, event in self._unanswered.items()
            if (future := self._response_created_futures.get(event_id)) and not future.done()
        }
        return list(self._unanswered.values())

    def _start_deadline(self, times: int = 1) -> None:
        self._stop_deadline()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(times * self._link.first_audio_s, self._missed)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _missed(self) -> None:
        self._deadline = None
        if not self._waited_for() and not hasattr(self._current_generation, "messages"):
            return  # it was cancelled meanwhile
        self.health.missed += 1
        self._budget.spend()
        logger.warning("a reply did not come, or stopped coming")
        self.restart("reply missed")
