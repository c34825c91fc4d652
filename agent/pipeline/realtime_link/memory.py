"""What was said by both sides, kept for the next session of the provider."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

import aiohttp
from livekit.agents import NOT_GIVEN, llm, utils
from livekit.agents.types import NotGivenOr
from livekit.agents.utils import is_given
from livekit.plugins import openai
from livekit.plugins.openai.realtime.utils import livekit_item_to_openai_item
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    RealtimeClientEvent,
    ResponseAudioDeltaEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)

from agent.pipeline.realtime_link.connection import WatchedSession
from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.history import (
    in_order,
    mended,
    system_messages,
    told,
    waits_for_tool,
)
from agent.pipeline.realtime_link.summary import (
    Summarise,
    Summary,
    extract,
    note_on,
    older_part,
    summary_of,
)
from agent.pipeline.realtime_link.transcript_pace import TranscriptPace
from agent.pipeline.realtime_link.turn_audio import TurnAudio

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Judge = Callable[[str, str], bool]
"""Given an item of the caller's and its words: whether it is to be forgotten."""
OnItem = Callable[[str], None]
"""Is told the id of the item that a commit has become."""

_COMMIT = "input_audio_buffer.commit"
SAMPLE_BYTES_PER_S = 2 * 24_000
REPLAY_WAIT_S = 2.0
"""For the confirmation of a replayed history; one that is refused in part never comes whole."""


class RememberingSession(WatchedSession):
    """A session that tells each new connection all of the conversation: what the last one was told
    and had no time to confirm, what was heard of replies that were talked over, and what the caller
    said that was not text yet.
    """

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self.nothing_to_commit = False
        """Whether all that was said is an item already: the next commit would be of silence."""
        self._on_item_next: OnItem | None = None
        self._commits: deque[OnItem | None] = deque()
        self._judges: dict[str, Judge] = {}
        self._audio = TurnAudio()
        self._pace = TranscriptPace()
        self._heard: dict[str, str] = {}
        self._spoken_here: set[str] = set()
        self._replayed: list[llm.ChatItem] = []
        self._unconfirmed: set[str] = set()
        self._confirmed = asyncio.Event()
        self.summarise: Summarise | None = None
        """Makes the notes with which a long conversation is renewed; None takes an extract."""
        self._summary: Summary | None = None
        self._prepared: Summary | None = None
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)
        self.on("openai_client_event_queued", self._remember_sent)
        self.on("openai_server_event_received", self._remember_received)

    @property
    def chat_ctx(self) -> llm.ChatContext:
        """What the provider knows of the conversation, or is being told."""
        return llm.ChatContext(told(self._remote_chat_ctx, self._replayed))

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        """Make the provider's conversation this one, once a replay under way is through: what is
        added meanwhile would find no item to stand behind.
        """
        if self._unconfirmed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._confirmed.wait(), REPLAY_WAIT_S)
        if self._summary is not None:  # the framework still has every word
            chat_ctx = llm.ChatContext(self._summary.applied_to(chat_ctx.items))
        known = {item.id for item in self.chat_ctx.items}
        await super().update_chat_ctx(llm.ChatContext(in_order(chat_ctx.items, known=known)))

    def truncate(
        self,
        *,
        message_id: str,
        modalities: list[Literal["text", "audio"]],
        audio_end_ms: int,
        audio_transcript: NotGivenOr[str] = NOT_GIVEN,
    ) -> None:
        """Let the provider know how much of a message was heard."""
        if is_given(audio_transcript):
            self._heard[message_id] = audio_transcript
        if message_id not in self._spoken_here:
            # This session knows it as text, or not at all.
            if self._remote_chat_ctx.get(message_id) is None:
                return
            if is_given(audio_transcript) and audio_transcript.strip():
                modalities = ["text"]
            else:
                audio_end_ms = 0  # the plugin deletes it then
        super().truncate(
            message_id=message_id,
            modalities=modalities,
            audio_end_ms=audio_end_ms,
            audio_transcript=audio_transcript,
        )

    def commit_to_judge(self, judge: Judge) -> None:
        """Make what was heard an item, though it may be no turn: its words come only then. What
        the judge dismisses is deleted from the conversation, and nobody is told of it.
        """

        def await_words(item_id: str) -> None:
            self._judges[item_id] = judge

        self._commit_what_is_heard(await_words)

    def send_event(self, event: RealtimeClientEvent | Event) -> None:
        """Send an event after those that wait to be sent."""
        if (event["type"] if isinstance(event, dict) else event.type) == _COMMIT:
            self._commits.append(self._on_item_next)
        super().send_event(event)

    def commit_audio(self) -> None:
        """Make what was heard an item."""
        if self.nothing_to_commit:
            self.nothing_to_commit = False
            self.clear_audio()
        else:
            super().commit_audio()

    def _commit_what_is_heard(self, on_item: OnItem) -> None:
        self._on_item_next = on_item
        super().commit_audio()
        self._on_item_next = None

    def _before_connecting(self) -> None:
        known = told(self._remote_chat_ctx, self._replayed)
        if self._summary is not None:
            known = self._summary.applied_to(known)
        self._remote_chat_ctx = mended(known, heard=self._heard)
        self._replayed = self._remote_chat_ctx.to_chat_ctx().items
        self._unconfirmed = {item.id for item in self._replayed}
        self._confirmed.clear()

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        for previous, message in system_messages(self._replayed):
            await ws_conn.send_str(json.dumps(_create(message, after=previous)))
        for event in self._audio.replay(commits=self._opts.turn_detection is None):
            if event["type"] == _COMMIT:
                self._commits.appendleft(None)
            await ws_conn.send_str(json.dumps(event))

    def _disconnected(self) -> None:
        self._spoken_here.clear()
        self._commits.clear()

    @utils.log_exceptions(logger=logger)
    async def _prepare_renewal(self) -> None:
        if older := self._older_part():
            self._prepared = await summary_of(older, self.summarise)

    def _renewing(self) -> None:
        summary, self._prepared = self._prepared, None
        if summary is None and (older := self._older_part()):
            summary = note_on(older, extract(older))
        if summary is not None:
            before = frozenset() if self._summary is None else self._summary.covers
            self._summary = Summary(summary.note, summary.covers | before)

    def _older_part(self) -> list[llm.ChatItem]:
        return older_part(
            self.chat_ctx.items,
            over_characters=self._link.summary_over_characters,
            kept_turns=self._link.kept_turns,
        )

    def _is_quiet(self) -> bool:
        return super()._is_quiet() and self._audio.is_settled and not waits_for_tool(self.chat_ctx)

    def _remember_sent(self, event: Event) -> None:
        self._audio.sent(event)
        if event["type"] == "conversation.item.delete":
            self._replayed = [item for item in self._replayed if item.id != event["item_id"]]
            self._confirm(event["item_id"])

    def _remember_received(self, event: Event) -> None:
        self._audio.received(event)
        if event.get("type") == "input_audio_buffer.committed" and self._commits:
            on_item = self._commits.popleft()
            if on_item is not None:
                on_item(event["item_id"])

    def _confirm(self, item_id: str) -> None:
        self._unconfirmed.discard(item_id)
        if not self._unconfirmed:
            self._confirmed.set()

    def _handle_conversion_item_added(self, event: ConversationItemAdded) -> None:
        super()._handle_conversion_item_added(event)
        self._confirm(event.item.id or "")

    def _handle_conversion_item_input_audio_transcription_delta(
        self, event: ConversationItemInputAudioTranscriptionDeltaEvent
    ) -> None:
        if event.item_id not in self._judges:
            super()._handle_conversion_item_input_audio_transcription_delta(event)

    def _handle_conversion_item_input_audio_transcription_completed(
        self, event: ConversationItemInputAudioTranscriptionCompletedEvent
    ) -> None:
        judge = self._judges.pop(event.item_id, None)
        if judge is None or not judge(event.item_id, event.transcript):
            super()._handle_conversion_item_input_audio_transcription_completed(event)
            return
        self.send_event(
            ConversationItemDeleteEvent(type="conversation.item.delete", item_id=event.item_id)
        )

    def _handle_response_output_item_added(self, event: ResponseOutputItemAddedEvent) -> None:
        self._spoken_here.add(event.item.id or "")
        super()._handle_response_output_item_added(event)

    def _handle_response_audio_transcript_delta(self, event: Event) -> None:
        self._write(event["item_id"], self._pace.written(event["item_id"], event["delta"]))

    def _handle_response_audio_delta(self, event: ResponseAudioDeltaEvent) -> None:
        super()._handle_response_audio_delta(event)
        self._write(event.item_id, self._pace.spoken(event.item_id, duration_s(event.delta)))

    def _handle_response_output_item_done(self, event: ResponseOutputItemDoneEvent) -> None:
        item_id = event.item.id or ""
        is_complete = getattr(event.item, "status", None) != "incomplete"
        self._write(item_id, self._pace.finished(item_id, is_complete=is_complete))
        super()._handle_response_output_item_done(event)

    def _write(self, item_id: str, words: str) -> None:
        if words:
            super()._handle_response_audio_transcript_delta({"item_id": item_id, "delta": words})


def duration_s(audio: str) -> float:
    """How long this sound is, in the base64 of the wire."""
    return len(audio) * 3 / 4 / SAMPLE_BYTES_PER_S


def _create(message: llm.ChatMessage, *, after: str | None) -> Event:
    event = ConversationItemCreateEvent(
        type="conversation.item.create",
        item=livekit_item_to_openai_item(message),
        previous_item_id="root" if after is None else after,
    )
    return event.model_dump(by_alias=True, exclude_unset=True)
