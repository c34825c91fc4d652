"""Items as the client changes them, and the events that tell so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openai import BaseModel
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemDeletedEvent,
    ConversationItemDeleteEvent,
    ConversationItemDone,
    ConversationItemRetrieveEvent,
    ConversationItemTruncatedEvent,
    ConversationItemTruncateEvent,
)
from openai.types.realtime.realtime_server_event import ConversationItemRetrieved

from agent.sandbox.realtime.audio import AudioFormat, Samples
from agent.sandbox.realtime.conversation import Conversation, item_from_client
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.recording import Recording

Record = Callable[[Samples], Recording]


class ItemChanges:
    """Changes one conversation."""

    def __init__(self, conversation: Conversation, outbox: Outbox) -> None:
        self._conversation = conversation
        self._outbox = outbox

    def make(self, event: BaseModel) -> None:
        """What the client asks for. Raises ClientError."""
        match event:
            case ConversationItemDeleteEvent():
                self._conversation.delete(event.item_id)
                self._outbox.emit(ConversationItemDeletedEvent, item_id=event.item_id)
            case ConversationItemRetrieveEvent():
                item = self._conversation.retrieve(event.item_id)
                # Seconds of sound are more than browsers take in one message of a data channel.
                document = item.document if self._outbox.has_media else item.with_audio()
                self._outbox.emit(ConversationItemRetrieved, item=document)
            case ConversationItemTruncateEvent():
                self._cut(event.item_id, event.content_index, event.audio_end_ms)
            case _:
                raise TypeError(f"no handler for {type(event).__name__}")

    def create(
        self, document: dict[str, Any], after: str | None, audio_format: AudioFormat, record: Record
    ) -> None:
        """Put in the item of a client. Raises ClientError."""
        item = item_from_client(document, audio_format=audio_format, record=record)
        self._conversation.add(item, after=after)
        previous = self._conversation.predecessor(item)
        for event in (ConversationItemAdded, ConversationItemDone):
            self._outbox.emit(event, previous_item_id=previous, item=item.document)

    def played_until(self, item_id: str, end_ms: int) -> None:
        """The client has heard no more of a spoken item than that."""
        item = self._conversation.find(item_id)
        if item is not None and item.speech is not None:
            self._cut(item_id, 0, min(end_ms, item.speech.duration_ms))

    def _cut(self, item_id: str, content_index: int, end_ms: int) -> None:
        self._conversation.truncate(item_id, content_index, end_ms)
        self._outbox.emit(
            ConversationItemTruncatedEvent,
            item_id=item_id,
            content_index=content_index,
            audio_end_ms=end_ms,
        )
