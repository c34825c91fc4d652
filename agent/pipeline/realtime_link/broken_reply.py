"""A reply that breaks off with its connection, or comes to nothing, goes on from where it was."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from livekit.agents import llm, utils
from livekit.plugins import openai
from openai.types.realtime import ResponseCreatedEvent, ResponseDoneEvent
from openai.types.realtime.realtime_conversation_item_function_call import (
    RealtimeConversationItemFunctionCall,
)

from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.requests import AskingSession

logger = logging.getLogger(__name__)

Event = dict[str, Any]
FAILED_REPLY_PAUSE_S = 0.5
"""Before a reply is asked for again that the provider itself declared failed."""
MOST_ATTEMPTS = 3
"""At one reply that fails or comes to nothing while the connection holds."""


@dataclass(slots=True)
class _BrokenReply:
    """A reply that broke off, until it goes on."""

    generation: Any
    """The plugin's record, with the streams the framework listens to still open."""
    request: Event
    """The response parameters it was asked for with; none if the provider began by itself."""
    heard: str
    continuation: asyncio.Future[llm.GenerationCreatedEvent] | None = None


class ContinuingSession(AskingSession):
    """A session whose replies are asked for again from where they broke off, and go on as a second
    message of the same speech: for the framework nothing happened.
    """

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self._broken: _BrokenReply | None = None
        self._request: Event = {}
        self._reply_heard = ""
        self._has_called = False
        self._attempts = 0
        self._calls_passed_on: set[str] = set()
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)

    @property
    def has_active_generation(self) -> bool:
        """Whether a reply is under way, on whatever connection."""
        return self._broken is not None or super().has_active_generation

    def interrupt(self) -> None:
        """Cancel the reply that is under way; one that broke off is not taken up again."""
        self._abandon_broken()
        super().interrupt()

    # From one connection to the next

    async def _main_task(self) -> None:
        try:
            await super()._main_task()
        finally:
            self._abandon_broken()

    def _disconnected(self) -> None:
        super()._disconnected()
        self._break_off()

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        await super()._catch_up(ws_conn)
        if self._broken is not None and self._broken.continuation is None:
            self._go_on(self._broken)

    # A reply that broke off

    def _break_off(self) -> None:
        """End the messages of the reply under way where they are, and keep the reply open."""
        generation = self._current_generation
        if generation is None or not hasattr(generation, "messages"):
            return
        for message_id, message in generation.messages.items():
            self._heard[message_id] = message.audio_transcript
            self._reply_heard += message.audio_transcript
            message.text_ch.close()
            message.audio_ch.close()
            if not message.modalities.done():
                message.modalities.set_result(self._opts.modalities)
        generation.messages.clear()
        if self._has_called:
            # The reply to the tool's result is to come; asking again would call it twice.
            self._close_current_generation("it broke off after a function call")
            return
        self._current_generation = None
        self._broken = _BrokenReply(generation, self._request, self._reply_heard)

    def _go_on(self, broken: _BrokenReply) -> None:
        """Ask for the rest of a reply."""
        self.health.asked_again += 1
        logger.info("a reply broke off and is asked for again")
        request = dict(broken.request)
        if broken.heard.strip():
            standing = request.get("instructions") or self._instructions or ""
            request["instructions"] = f"{standing}\n{rest_of(broken.heard)}".strip()
        event_id = utils.shortuuid("response_create_")
        request["metadata"] = {"client_event_id": event_id}
        future: asyncio.Future[llm.GenerationCreatedEvent] = asyncio.Future()
        future.add_done_callback(self._continuation_settled)
        broken.continuation = self._response_created_futures[event_id] = future
        self.send_event({"type": "response.create", "event_id": event_id, "response": request})

    def _go_on_if_still_broken(self, broken: _BrokenReply) -> None:
        if self._broken is broken and broken.continuation is None:
            self._go_on(broken)

    def _continuation_settled(self, future: asyncio.Future[llm.GenerationCreatedEvent]) -> None:
        failed = future.cancelled() or future.exception() is not None
        if failed and self._broken is not None and self._broken.continuation is future:
            self._abandon_broken()

    def _abandon_broken(self) -> None:
        """End a reply that broke off where it did."""
        broken, self._broken = self._broken, None
        if broken is None:
            return
        broken.generation._close()
        if not broken.generation._done_fut.done():
            broken.generation._done_fut.set_result(None)
        future = broken.continuation
        if future is None or future.done():
            return
        for event_id, pending in tuple(self._response_created_futures.items()):
            if pending is future:
                self._discarded_event_ids.add(event_id)
                self._unanswered.pop(event_id, None)
                del self._response_created_futures[event_id]
        future.cancel()

    # The plugin's handlers

    def _handle_response_created(self, event: ResponseCreatedEvent) -> None:
        super()._handle_response_created(event)
        self._has_called = False
        self._attempts += 1
        broken = self._broken
        if broken is not None and broken.continuation is not None and broken.continuation.done():
            # The framework goes on listening to the streams it has: what comes is their rest.
            self._current_generation, self._broken = broken.generation, None
            return
        self._request = self._answered
        self._reply_heard = ""
        self._attempts = 1

    def _handle_response_done(self, event: ResponseDoneEvent) -> None:
        if self._came_to_nothing(event) and self._attempts < MOST_ATTEMPTS:
            self.health.missed += 1
            self._ask_again(
                pause_s=FAILED_REPLY_PAUSE_S if event.response.status == "failed" else 0
            )
        else:
            super()._handle_response_done(event)

    def _came_to_nothing(self, event: ResponseDoneEvent) -> bool:
        """Whether a response failed, or is complete and left the caller in silence."""
        if not hasattr(self._current_generation, "messages") or self._has_called:
            return False
        if event.response.status == "failed":
            details = event.response.status_details
            return not self._is_fatal_error(details.error if details else None)
        return event.response.status == "completed" and not self._has_begun

    def _ask_again(self, *, pause_s: float) -> None:
        """Ask for a reply again, or for the rest of it, on the same connection."""
        unheard = [
            message_id
            for message_id, message in self._current_generation.messages.items()  # type: ignore[union-attr]
            if not message.audio_transcript
        ]
        self._break_off()
        for message_id in unheard:  # else the model believes that it has answered
            self.truncate(
                message_id=message_id, modalities=["audio"], audio_end_ms=0, audio_transcript=""
            )
        if self._broken is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(pause_s, self._go_on_if_still_broken, self._broken)

    def _handle_function_call(self, item: RealtimeConversationItemFunctionCall) -> None:
        if item.call_id in self._calls_passed_on:
            logger.warning("a function call came twice and is run once")
            return
        self._calls_passed_on.add(item.call_id or "")
        self._has_called = True
        super()._handle_function_call(item)


def rest_of(heard: str) -> str:
    """The instructions for the rest of a reply of which this much was heard."""
    return (
        "A technical fault cut your reply off. The caller has already heard this much of it, word"
        f" for word: {json.dumps(heard.strip(), ensure_ascii=False)}. Go on with the very next"
        " word. Do not say again what was heard, do not greet again and do not mention the fault."
    )
