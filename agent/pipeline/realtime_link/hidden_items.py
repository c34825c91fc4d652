"""Items of the provider's conversation of which the framework is not told before they are certain
to stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from livekit.agents import utils
from livekit.plugins import openai
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemDeletedEvent,
    ConversationItemDeleteEvent,
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    ConversationItemInputAudioTranscriptionFailedEvent,
    RealtimeErrorEvent,
)

from agent.pipeline.realtime_link.broken_reply import ContinuingSession
from agent.pipeline.realtime_link.health import LinkOptions

logger = logging.getLogger(__name__)

_DELETION = "forget_item_"


class HidingSession(ContinuingSession):
    """A session that keeps what it is told of certain items to itself, until they are revealed or
    forgotten.
    """

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self._hidden: dict[str, list[Callable[[], None]]] = {}
        self._forgotten: set[str] = set()
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)

    def _hide(self, item_id: str) -> None:
        """Keep what is told of an item from now on."""
        self._hidden[item_id] = []

    def _reveal(self, item_id: str) -> None:
        """Pass on what was told of a hidden item, and what will be."""
        for handle in self._hidden.pop(item_id, ()):
            handle()

    def _forget(self, item_id: str) -> None:
        """Hear no more of an item that nobody knows."""
        self._hidden.pop(item_id, None)
        self._forgotten.add(item_id)

    def _delete(self, item_id: str) -> None:
        """Take an item that nobody knows out of the provider's conversation."""
        self._forget(item_id)
        super().send_event(  # to nobody above it is a change of the conversation
            ConversationItemDeleteEvent(
                type="conversation.item.delete",
                item_id=item_id,
                event_id=utils.shortuuid(_DELETION),
            )
        )

    def _disconnected(self) -> None:
        super()._disconnected()
        self._hidden.clear()  # the next connection does not know them
        self._forgotten.clear()

    def _pass_on(self, item_id: str | None, handle: Callable[[], None]) -> None:
        if item_id in self._hidden:
            self._hidden[item_id].append(handle)
        elif item_id not in self._forgotten:
            handle()

    def _handle_conversion_item_added(self, event: ConversationItemAdded) -> None:
        handle = super()._handle_conversion_item_added
        self._pass_on(event.item.id, partial(handle, event))

    def _handle_conversion_item_deleted(self, event: ConversationItemDeletedEvent) -> None:
        handle = super()._handle_conversion_item_deleted
        self._pass_on(event.item_id, partial(handle, event))

    def _handle_conversion_item_input_audio_transcription_delta(
        self, event: ConversationItemInputAudioTranscriptionDeltaEvent
    ) -> None:
        handle = super()._handle_conversion_item_input_audio_transcription_delta
        self._pass_on(event.item_id, partial(handle, event))

    def _handle_conversion_item_input_audio_transcription_completed(
        self, event: ConversationItemInputAudioTranscriptionCompletedEvent
    ) -> None:
        handle = super()._handle_conversion_item_input_audio_transcription_completed
        if event.item_id in self._forgotten:
            self._emit_transcription_metrics(event)  # it is billed all the same
        self._pass_on(event.item_id, partial(handle, event))

    def _handle_conversion_item_input_audio_transcription_failed(
        self, event: ConversationItemInputAudioTranscriptionFailedEvent
    ) -> None:
        handle = super()._handle_conversion_item_input_audio_transcription_failed
        self._pass_on(event.item_id, partial(handle, event))

    def _handle_error(self, event: RealtimeErrorEvent) -> None:
        if (event.error.event_id or "").startswith(_DELETION):
            logger.debug("a forgotten item was gone already", extra={"code": event.error.code})
        else:
            super()._handle_error(event)
