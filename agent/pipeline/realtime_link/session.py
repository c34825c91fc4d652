"""OpenAI's realtime plugin on a connection that is watched, renewed and mended.

The plugin (livekit-agents 1.8.9) reconnects by itself and replays instructions, tools and what the
provider confirmed of the conversation. What it leaves to be desired is added in four layers:

- `connection.py`: a peer that is gone without a word is noticed by a heartbeat; one that accepts
  and drops has a budget, where the plugin clears its retry counter at each handshake; the
  provider's limit on a session is met by a new one in a quiet moment.
- `memory.py`: what the caller said and the provider had not yet turned into text is said to it
  again; history that was not confirmed is not forgotten, and stands as it was heard. A long one is
  renewed with a summary of its older part (`summary.py`).
- `requests.py`: a request for a reply outlives its connection; one that meets an active response
  waits for its end instead of failing; one that nothing comes of in time goes to a new connection.
- here: a reply that breaks off is asked for again from where it broke off, and goes on as a second
  message of the same speech: for the framework, and so for interruptions and for whoever awaits
  the speech, nothing happened.

Of the plugin's inside they use or override: `_main_task`, `_create_ws_conn`, `_run_ws`, the
handlers `_handle_…`, `_close_current_generation`, `_current_generation`, `_remote_chat_ctx`,
`_response_created_futures` and `_discarded_event_ids`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from livekit.agents import llm, utils
from livekit.agents.metrics import RealtimeModelMetrics, STTMetrics
from livekit.plugins import openai
from openai.types.realtime import ResponseCreatedEvent, ResponseDoneEvent
from openai.types.realtime.realtime_conversation_item_function_call import (
    RealtimeConversationItemFunctionCall,
)

from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.requests import AskingSession
from agent.pipeline.realtime_link.summary import Summarise
from agent.pipeline.realtime_link.usage import OnUsage, ResponseUsage

logger = logging.getLogger(__name__)

Event = dict[str, Any]
OnSession = Callable[[Any], None]
"""Takes a session with the provider; must not block, and must not raise."""

SLOWEST = 0.25
FASTEST = 1.5
"""The speeds that the API takes."""
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


class ResilientModel(openai.realtime.RealtimeModel):
    """OpenAI's realtime model whose sessions survive their connections."""

    def __init__(self, *, link: LinkOptions, **options: Any) -> None:
        # Its own renewal comes at a fixed time, in the middle of a word if need be.
        super().__init__(**options, max_session_duration=None)
        self._link = link
        self._speed: float = options.get("speed", 1.0)
        self.summarise: Summarise | None = None
        """How the sessions made from now on sum up what they told at length; see `summary.py`."""
        self.on_usage: OnUsage = lambda _: None
        """Is told what the sessions made from now on use; see `usage.py`."""
        self.on_session: OnSession = lambda _: None
        """Is given each session that is made from now on."""

    def session(self, *, turn_detection_disabled: bool = False) -> ResilientSession:
        """A new session, which connects at once."""
        session = ResilientSession(
            self, self._link, turn_detection_disabled=turn_detection_disabled
        )
        session.summarise = self.summarise
        session.on_usage = self.on_usage
        self._sessions.add(session)
        self.on_session(session)
        return session

    @property
    def in_reply(self) -> bool:
        """See HasReplies."""
        return any(session.has_active_generation for session in self._sessions)

    def set_pace(self, factor: float) -> None:
        """See HasPace."""
        self.update_options(speed=min(FASTEST, max(SLOWEST, self._speed * factor)))

    def set_language(self, language: str) -> None:
        """See HasLanguage. What is written down is in it; the model itself understands any."""
        transcription = self._opts.input_audio_transcription
        if transcription is not None:
            short = language.partition("-")[0]
            self.update_options(
                input_audio_transcription=transcription.model_copy(update={"language": short})
            )


class ResilientSession(AskingSession):
    """One conversation with the provider, over as many connections as it takes.

    For a supervisor: `health` counts what happened, `restart` opens a new connection and takes the
    conversation and an unfinished reply along. An `error` event with `recoverable=False` means that
    this session is over: the provider refuses it or the budget is exhausted.
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
        self.on_usage: OnUsage = lambda _: None
        self._usage = ResponseUsage(model, self._tell_usage)
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)
        self.on("openai_server_event_received", self._usage.received)
        self.on("metrics_collected", self._pass_transcription)

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
            self._usage.ended()

    def _disconnected(self) -> None:
        super()._disconnected()
        self._usage.ended()
        self._break_off()

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        await super()._catch_up(ws_conn)
        if self._broken is not None and self._broken.continuation is None:
            self._go_on(self._broken)

    def _tell_usage(self, metrics: RealtimeModelMetrics | STTMetrics) -> None:
        self.on_usage(metrics)

    def _pass_transcription(self, metrics: RealtimeModelMetrics | STTMetrics) -> None:
        if isinstance(metrics, STTMetrics):  # the responses are counted from their events
            self.on_usage(metrics)

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
