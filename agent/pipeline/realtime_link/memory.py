"""What was said by both sides, kept for the next session of the provider."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Literal

import aiohttp
from livekit.agents import NOT_GIVEN, llm
from livekit.agents.types import NotGivenOr
from livekit.agents.utils import is_given
from livekit.plugins import openai
from livekit.plugins.openai.realtime.utils import livekit_item_to_openai_item
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemCreateEvent,
    ResponseAudioDeltaEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)

from agent.pipeline.realtime_link.connection import WatchedSession
from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.history import mended, system_messages, told, waits_for_tool
from agent.pipeline.realtime_link.transcript_pace import TranscriptPace
from agent.pipeline.realtime_link.turn_audio import TurnAudio

Event = dict[str, Any]

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
        self._audio = TurnAudio()
        self._pace = TranscriptPace()
        self._heard: dict[str, str] = {}
        self._spoken_here: set[str] = set()
        self._replayed: list[llm.ChatItem] = []
        self._unconfirmed: set[str] = set()
        self._confirmed = asyncio.Event()
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
        await super().update_chat_ctx(chat_ctx)

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

    def _before_connecting(self) -> None:
        known = told(self._remote_chat_ctx, self._replayed)
        self._remote_chat_ctx = mended(known, heard=self._heard)
        self._replayed = self._remote_chat_ctx.to_chat_ctx().items
        self._unconfirmed = {item.id for item in self._replayed}
        self._confirmed.clear()

    async def _catch_up(self, ws_conn: aiohttp.ClientWebSocketResponse) -> None:
        for previous, message in system_messages(self._replayed):
            await ws_conn.send_str(json.dumps(_create(message, after=previous)))
        for event in self._audio.replay(commits=self._opts.turn_detection is None):
            await ws_conn.send_str(json.dumps(event))

    def _disconnected(self) -> None:
        self._spoken_here.clear()

    def _is_quiet(self) -> bool:
        return super()._is_quiet() and self._audio.is_settled and not waits_for_tool(self.chat_ctx)

    def _remember_sent(self, event: Event) -> None:
        self._audio.sent(event)
        if event["type"] == "conversation.item.delete":
            self._replayed = [item for item in self._replayed if item.id != event["item_id"]]
            self._confirm(event["item_id"])

    def _remember_received(self, event: Event) -> None:
        self._audio.received(event)

    def _confirm(self, item_id: str) -> None:
        self._unconfirmed.discard(item_id)
        if not self._unconfirmed:
            self._confirmed.set()

    def _handle_conversion_item_added(self, event: ConversationItemAdded) -> None:
        super()._handle_conversion_item_added(event)
        self._confirm(event.item.id or "")

    def _handle_response_output_item_added(self, event: ResponseOutputItemAddedEvent) -> None:
        self._spoken_here.add(event.item.id or "")
        super()._handle_response_output_item_added(event)

    def _handle_response_audio_transcript_delta(self, event: Event) -> None:
        self._write(event["item_id"], self._pace.written(event["item_id"], event["delta"]))

    def _handle_response_audio_delta(self, event: ResponseAudioDeltaEvent) -> None:
        super()._handle_response_audio_delta(event)
        seconds = len(event.delta) * 3 / 4 / SAMPLE_BYTES_PER_S  # base64
        self._write(event.item_id, self._pace.spoken(event.item_id, seconds))

    def _handle_response_output_item_done(self, event: ResponseOutputItemDoneEvent) -> None:
        item_id = event.item.id or ""
        is_complete = getattr(event.item, "status", None) != "incomplete"
        self._write(item_id, self._pace.finished(item_id, is_complete=is_complete))
        super()._handle_response_output_item_done(event)

    def _write(self, item_id: str, words: str) -> None:
        if words:
            super()._handle_response_audio_transcript_delta({"item_id": item_id, "delta": words})


def _create(message: llm.ChatMessage, *, after: str | None) -> Event:
    event = ConversationItemCreateEvent(
        type="conversation.item.create",
        item=livekit_item_to_openai_item(message),
        previous_item_id="root" if after is None else after,
    )
    return event.model_dump(by_alias=True, exclude_unset=True)
