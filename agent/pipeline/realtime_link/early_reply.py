"""A reply that is asked for in the caller's first short pause, while their turn may still go on.

A provider needs about 0.3 s to the first sound of a reply, and the turn detector about as long to
be sure that the turn is over. Here the two pass side by side: what was heard so far is committed
and answered, and nobody is told. If the turn is over, the framework commits and asks, and is given
what is there. If the caller goes on, the reply and the item are deleted from the conversation, and
the sound is put back to where it was: the turn is heard in one piece, as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from livekit.agents import NOT_GIVEN, NotGivenOr, llm, utils
from livekit.agents.llm._realtime.openai import _DiscardedGeneration
from livekit.agents.utils import is_given
from livekit.plugins import openai
from openai.types.realtime import (
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    RealtimeClientEvent,
    RealtimeErrorEvent,
    ResponseCancelEvent,
    ResponseCreatedEvent,
    ResponseDoneEvent,
)

from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.hidden_items import HidingSession
from agent.pipeline.realtime_link.memory import Judge, duration_s
from agent.pipeline.realtime_link.requests import ACTIVE_RESPONSE
from agent.pipeline.realtime_link.turn_audio import CHUNK_S, LONGEST_S
from agent.pipeline.speculation import Speculation

logger = logging.getLogger(__name__)

Event = dict[str, Any]

LEAST_AUDIO_S = 0.3
"""What is answered early is at least this long; the provider takes no item of less than 0.1 s."""
MOST_SPEECH_S = 20.0
"""A turn that goes on after that is not answered early: all of it would be sent again."""
TAKEN_WITHIN_S = 2.0
"""From the end of a turn until its reply is asked for; later nobody will ask for it."""
_STANDING = frozenset(
    {
        "session.update",
        "conversation.item.create",
        "conversation.item.delete",
        "conversation.item.truncate",
    }
)
"""Events that change what a reply is an answer to."""
_MOST_CHUNKS = round(LONGEST_S / CHUNK_S)


@dataclass(slots=True, eq=False)
class _EarlyReply:
    """A reply that nobody has asked for yet, and the item of the caller's that it answers."""

    commit_id: str
    event_id: str = ""
    """Of its request."""
    future: asyncio.Future[llm.GenerationCreatedEvent] = field(default_factory=asyncio.Future)
    chunks: tuple[str, ...] = ()
    """The sound that was committed, to be put back."""

    spoken_item: str | None = None
    """What the sound has become."""
    is_turn: bool = False
    """The framework has committed: the item stays."""
    is_taken_back: bool = False

    generation: Any = None
    """The plugin's record of the reply, once it has begun."""
    response_id: str | None = None
    is_done: bool = False
    is_given_up: bool = False
    """The reply is of no use any more; the item may be."""
    reply_items: list[str] = field(default_factory=list)
    arguments: dict[str, str] = field(default_factory=dict)
    """Of the functions it calls, by item."""
    limit: asyncio.TimerHandle | None = None
    """From the end of the turn."""


class EarlySession(HidingSession):
    """A session that can be asked for a reply before the turn is over."""

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self.speculation = Speculation(link.max_wasted_per_min)
        self._early: _EarlyReply | None = None
        self._asking: _EarlyReply | None = None
        self._appended: deque[str] = deque(maxlen=_MOST_CHUNKS)
        self._speech_since_s: float | None = None
        self._discarded: set[str] = set()
        self._leaving: dict[str, set[str]] = {}
        self._lost_words: list[Callable[[], None]] = []
        self._is_up = False
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)
        self.on("openai_server_event_received", self._follow)

    # For whoever hears the caller

    def speech_began(self) -> None:
        """The caller speaks, or speaks on: what was answered early is not all they say."""
        self._take_back()
        self._lost_words = []
        if self._speech_since_s is None:
            self._speech_since_s = asyncio.get_running_loop().time()

    def reply_early(self) -> bool:
        """Ask for the reply to what was heard so far; returns whether it was asked for. Nobody is
        told of it before the turn is committed and its reply asked for.
        """
        if not self._may_reply_early() or not self.speculation.allows():
            return False
        self.speculation.asked += 1
        early = self._asking = _EarlyReply(utils.shortuuid("early_commit_"))
        self._commit_what_is_heard(partial(self._became_item, early))
        self._asking = None
        before = set(self._response_created_futures)
        early.future = super().generate_reply()
        (early.event_id,) = set(self._response_created_futures) - before
        self._early = early
        return True

    def _may_reply_early(self) -> bool:
        if self._early is not None or self.nothing_to_commit or not self._is_up:
            return False
        if self._unconfirmed or self.has_active_generation or self._speech_since_s is None:
            return False
        spoken_s = asyncio.get_running_loop().time() - self._speech_since_s
        return self._pushed_duration_s >= LEAST_AUDIO_S and spoken_s <= MOST_SPEECH_S

    # For the framework, which knows nothing of it

    @property
    def has_active_generation(self) -> bool:
        """Whether a reply is under way that somebody has asked for, on whatever connection."""
        return self._early is None and super().has_active_generation

    def commit_audio(self) -> None:
        """Make what was heard an item; it may be one already."""
        early = self._early
        if early is None or early.is_turn or self.nothing_to_commit:
            self._take_back()
            super().commit_audio()
        else:
            early.is_turn = True
            loop = asyncio.get_running_loop()
            # As if its words came from afar: who commits does not expect them meanwhile.
            if early.spoken_item is not None:
                loop.call_soon(self._reveal, early.spoken_item)
            early.limit = loop.call_later(TAKEN_WITHIN_S, self._forget_reply, early)
        self._speech_since_s = None

    def commit_to_judge(self, judge: Judge) -> None:
        """Make what was heard an item, though it may be no turn."""
        self._take_back()
        super().commit_to_judge(judge)
        self._speech_since_s = None

    def clear_audio(self) -> None:
        """Forget what was heard and is no turn."""
        early = self._early
        if early is not None and not early.is_turn:
            self._end(early)
            self._forget_item(early)
        super().clear_audio()
        self._speech_since_s = None

    def generate_reply(
        self,
        *,
        instructions: NotGivenOr[str] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        tools: NotGivenOr[list[llm.Tool]] = NOT_GIVEN,
    ) -> asyncio.Future[llm.GenerationCreatedEvent]:
        """A reply to the conversation as it is; it may have begun already."""
        early = self._early
        if early is not None and early.is_turn:
            is_asked = not (is_given(instructions) or is_given(tool_choice) or is_given(tools))
            if is_asked and not early.is_given_up:
                return self._hand_over(early)
        self._take_back()
        return super().generate_reply(
            instructions=instructions, tool_choice=tool_choice, tools=tools
        )

    def interrupt(self) -> None:
        """Cancel the reply that is under way."""
        if self._early is not None:
            self._give_up(self._early)
        else:
            super().interrupt()

    def send_event(self, event: RealtimeClientEvent | Event) -> None:
        """Send an event after those that wait to be sent."""
        kind = event["type"] if isinstance(event, dict) else event.type
        if kind in _STANDING and self._early is not None:
            self._give_up(self._early)
        if isinstance(event, InputAudioBufferAppendEvent):
            self._appended.append(event.audio)
        elif isinstance(event, InputAudioBufferCommitEvent):
            if self._asking is not None:
                self._asking.chunks = tuple(self._appended)
                event = event.model_copy(update={"event_id": self._asking.commit_id})
            self._appended.clear()
        elif isinstance(event, InputAudioBufferClearEvent):
            self._appended.clear()
        super().send_event(event)

    async def aclose(self) -> None:
        """End the session."""
        if self._early is not None:
            self._end(self._early)
        if self.speculation.asked:
            self.speculation.report("early replies")
        await super().aclose()

    # What becomes of an early reply

    def _hand_over(self, early: _EarlyReply) -> asyncio.Future[llm.GenerationCreatedEvent]:
        self._early = None
        self._settle(early)
        for item_id in early.reply_items:
            self._reveal(item_id)
            self._complete(early, item_id)
        return early.future

    def _settle(self, early: _EarlyReply) -> None:
        if early.limit is not None:
            early.limit.cancel()
        if early.is_turn and early.spoken_item is not None:
            self._reveal(early.spoken_item)

    def _complete(self, early: _EarlyReply, item_id: str) -> None:
        """Add to the mirror what the plugin would have added had it known the item in time."""
        known = self._remote_chat_ctx.get(item_id)
        if known is None:
            return
        if isinstance(known.item, llm.FunctionCall) and item_id in early.arguments:
            known.item.arguments = early.arguments[item_id]
        elif isinstance(known.item, llm.ChatMessage) and early.is_done:
            message = early.generation.messages.get(item_id)
            known.item.content = [message.audio_transcript] if message else []

    def _take_back(self) -> None:
        """Let the caller go on where they were, if there is an early reply."""
        early = self._early
        if early is None:
            return
        self._end(early)
        self.speculation.waste()
        if early.is_turn:
            return
        since = tuple(self._appended)
        self._forget_item(early)
        self.send_event(InputAudioBufferClearEvent(type="input_audio_buffer.clear"))
        for chunk in (*early.chunks, *since):
            self.send_event(
                InputAudioBufferAppendEvent(type="input_audio_buffer.append", audio=chunk)
            )
        self._pushed_duration_s += sum(map(duration_s, early.chunks))

    def _forget_reply(self, early: _EarlyReply) -> None:
        if early is self._early:
            self._end(early)
            self.speculation.waste()

    def _forget_item(self, early: _EarlyReply) -> None:
        early.is_taken_back = True
        self._audio.withdraw(early.commit_id)
        if early.spoken_item is not None:
            self._delete(early.spoken_item)

    def _became_item(self, early: _EarlyReply, item_id: str) -> None:
        early.spoken_item = item_id
        if early.is_taken_back:
            self._delete(item_id)
        elif not early.is_turn:
            self._hide(item_id)

    def _end(self, early: _EarlyReply) -> None:
        """There is no early reply any more; what was told of an item that stays is passed on."""
        self._give_up(early)
        self._early = None
        self._settle(early)

    def _give_up(self, early: _EarlyReply) -> None:
        """Cancel the reply alone; its items leave the conversation."""
        if early.is_given_up:
            return
        early.is_given_up = True
        self._let_go(early)
        if early.response_id is None:
            self._discarded.add(early.event_id)
        elif early.is_done:
            self._delete_all(early.reply_items)
        else:
            for item_id in early.reply_items:
                self._forget(item_id)  # and deleted when the response is done
            self._cancel(early.response_id, early.reply_items)

    def _let_go(self, early: _EarlyReply) -> None:
        """Take the reply out of the plugin's hands."""
        self._stop_deadline()
        self._unanswered.pop(early.event_id, None)
        self._response_created_futures.pop(early.event_id, None)
        if not early.future.done():
            early.future.set_exception(llm.RealtimeError("the caller went on"))
            early.future.exception()  # nobody else will look
        if early.generation is not None and self._current_generation is early.generation:
            self._close_current_generation()

    def _cancel(self, response_id: str, items: Iterable[str]) -> None:
        self._leaving[response_id] = set(items)
        self._current_generation = _DiscardedGeneration()
        super().send_event(ResponseCancelEvent(type="response.cancel", response_id=response_id))

    def _delete_all(self, items: Iterable[str]) -> None:
        for item_id in items:
            self._delete(item_id)

    # From one connection to the next

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        await super()._catch_up(ws_conn)
        self._lost_words = []  # they are heard again
        self._is_up = True

    def _disconnected(self) -> None:
        self._is_up = False
        early, self._early = self._early, None
        if early is not None:
            self._let_go(early)
            self._settle(early)
            if not early.is_turn:  # the next connection hears it as a turn that goes on
                self._audio.reopen(early.commit_id, early.chunks)
                self._appended = deque([*early.chunks, *self._appended], maxlen=_MOST_CHUNKS)
                self._pushed_duration_s += sum(map(duration_s, early.chunks))
                self._lost_words = self._hidden.get(early.spoken_item or "", [])
        self._discarded.clear()
        self._leaving.clear()
        super()._disconnected()

    def _emit_error(self, error: Exception, recoverable: bool) -> None:
        if not recoverable:  # whoever takes over knows what was written down of the last turn
            words, self._lost_words = self._lost_words, []
            for tell in words:
                tell()
        super()._emit_error(error, recoverable)

    # The plugin's handlers

    def _follow(self, event: Event) -> None:
        """Take note of a server event before it is handled."""
        early = self._early
        ours = early.response_id if early is not None else None
        match event:
            case {"type": "response.created", "response": {"id": str(id_), "metadata": dict(of)}}:
                asked = of.get("client_event_id")
                if asked in self._discarded:
                    self._discarded.discard(asked)
                    self._leaving[id_] = set()
                elif early is not None and asked == early.event_id:
                    early.response_id = id_
            case {"type": "response.output_item.added", "response_id": id_, "item": item}:
                if id_ in self._leaving:
                    self._leaving[id_].add(item["id"])
                    self._forget(item["id"])
                elif early is not None and id_ == ours:
                    early.reply_items.append(item["id"])
                    self._hide(item["id"])
            case {"type": "response.output_item.done", "response_id": id_, "item": item}:
                if early is not None and id_ == ours and item["type"] == "function_call":
                    early.arguments[item["id"]] = item["arguments"]
            case {"type": "response.done", "response": {"id": str(id_)}}:
                if early is not None and id_ == ours:
                    early.is_done = True
                self._delete_all(self._leaving.pop(id_, ()))

    def _handle_response_created(self, event: ResponseCreatedEvent) -> None:
        response_id = event.response.id or ""
        if response_id in self._leaving:
            self._cancel(response_id, self._leaving[response_id])
            return
        super()._handle_response_created(event)
        if self._early is not None and self._early.response_id == response_id:
            self._early.generation = self._current_generation

    def _handle_response_done(self, event: ResponseDoneEvent) -> None:
        early = self._early
        is_early = early is not None and early.response_id == event.response.id
        if early is not None and is_early and self._came_to_nothing(event):
            self._give_up(early)  # and asked for again when the turn is over
        super()._handle_response_done(event)

    def _handle_error(self, event: RealtimeErrorEvent) -> None:
        early, event_id = self._early, event.error.event_id or ""
        is_fault = event.error.code != ACTIVE_RESPONSE and not self._is_fatal_error(event.error)
        if early is not None and event_id == early.event_id and is_fault:
            logger.info("an early reply was refused", extra={"code": event.error.code})
            self._let_go(early)
            early.is_given_up = True
        else:
            super()._handle_error(event)
