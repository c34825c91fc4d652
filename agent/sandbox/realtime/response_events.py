"""The events of one response, in OpenAI's order, and the output they add up to."""

from __future__ import annotations

from typing import Any, Literal

from openai import BaseModel
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemDone,
    ResponseAudioDoneEvent,
    ResponseAudioTranscriptDeltaEvent,
    ResponseAudioTranscriptDoneEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)

from agent.sandbox import tokens
from agent.sandbox.realtime import usage
from agent.sandbox.realtime.audio import AudioFormat
from agent.sandbox.realtime.conversation import Conversation, Item
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.recording import Speech
from agent.sandbox.realtime.usage import Tokens

ItemStatus = Literal["completed", "incomplete"]


class OutputWriter:
    """Writes output items one after another. Nothing here waits, so a response can be closed at
    any moment and what was begun is ended properly.

    Args:
        response_id: Whose output it is.
        conversation: Where the items go; None for a response out of band.
        outbox: Where the events go.
    """

    def __init__(self, response_id: str, conversation: Conversation | None, outbox: Outbox) -> None:
        self.tokens = Tokens()
        self._response_id = response_id
        self._conversation = conversation
        self._outbox = outbox
        self._items: list[Item] = []
        self._open: Item | None = None
        self._written = ""

    @property
    def output(self) -> list[dict[str, Any]]:
        """The items so far, without audio."""
        return [item.document for item in self._items]

    def begin_message(self, audio_format: AudioFormat | None) -> None:
        """Open a message: spoken in this format, or written for None."""
        item = Item(_document("message", role="assistant", content=[]))
        item.speech = Speech(audio_format) if audio_format else None
        self._written = ""
        self._begin(item)
        self._emit(ResponseContentPartAddedEvent, content_index=0, part=self._part())

    def write(self, delta: str) -> None:
        """More words of a written message."""
        self.tokens += Tokens(text=tokens.count(delta))
        self._written += delta
        self._emit(ResponseTextDeltaEvent, content_index=0, delta=delta)

    def say(self, passage: str) -> None:
        """The words of a spoken message whose sound comes next."""
        self._speech.begin(passage)
        for delta in tokens.pieces(passage):
            self.tokens += Tokens(text=1)
            self._emit(ResponseAudioTranscriptDeltaEvent, content_index=0, delta=delta)

    def sound(self, data: bytes) -> None:
        """More sound of a spoken message, in its format."""
        before = usage.spoken_audio(self._speech.duration_ms)
        self._speech.audio += data
        self.tokens += Tokens(audio=usage.spoken_audio(self._speech.duration_ms) - before)
        self._outbox.sound(data, self._speech.format, **self._place(), content_index=0)

    @property
    def spoken_ms(self) -> int:
        """How much sound the open message has."""
        return self._speech.duration_ms

    def begin_call(self, name: str) -> None:
        """Open a function call."""
        self._begin(_call_item(name))

    def argue(self, delta: str) -> None:
        """More of the arguments of the open function call."""
        self.tokens += Tokens(text=tokens.count(delta))
        item = self._current
        item.document["arguments"] += delta
        self._emit(
            ResponseFunctionCallArgumentsDeltaEvent,
            call_id=item.document["call_id"],
            delta=delta,
        )

    def end(self, status: ItemStatus = "completed") -> None:
        """Close the open item, if there is one."""
        if self._open is None:
            return
        item = self._open
        if item.document["type"] == "message":
            self._end_content(item)
        else:
            self._emit(
                ResponseFunctionCallArgumentsDoneEvent,
                call_id=item.document["call_id"],
                name=item.document["name"],
                arguments=item.document["arguments"],
            )
        item.document["status"] = status
        self._announce(ConversationItemDone, item)
        self._outbox.emit(
            ResponseOutputItemDoneEvent,
            response_id=self._response_id,
            output_index=len(self._items) - 1,
            item=item.document,
        )
        self._open = None

    def _begin(self, item: Item) -> None:
        self.end()
        self._items.append(item)
        self._open = item
        self._outbox.emit(
            ResponseOutputItemAddedEvent,
            response_id=self._response_id,
            output_index=len(self._items) - 1,
            item=item.document,
        )
        if self._conversation is not None:
            self._conversation.add(item)
        self._announce(ConversationItemAdded, item)

    def _end_content(self, item: Item) -> None:
        if item.speech is not None:
            words = item.speech.transcript
            self._emit(ResponseAudioDoneEvent, content_index=0)
            self._emit(ResponseAudioTranscriptDoneEvent, content_index=0, transcript=words)
            item.document["content"] = [{"type": "output_audio", "transcript": words}]
        else:
            self._emit(ResponseTextDoneEvent, content_index=0, text=self._written)
            item.document["content"] = [{"type": "output_text", "text": self._written}]
        self._emit(ResponseContentPartDoneEvent, content_index=0, part=self._part())

    def _part(self) -> dict[str, Any]:
        speech = self._current.speech
        if speech is not None:
            return {"type": "audio", "transcript": speech.transcript}
        return {"type": "text", "text": self._written}

    def _announce(self, event: type[BaseModel], item: Item) -> None:
        """Tell of the item's place, unless the client has deleted it meanwhile."""
        if self._conversation is not None and item in self._conversation:
            previous = self._conversation.predecessor(item)
            self._outbox.emit(event, previous_item_id=previous, item=item.document)

    def _emit(self, event: type[BaseModel], **fields: object) -> None:
        self._outbox.emit(event, **self._place(), **fields)

    def _place(self) -> dict[str, Any]:
        return {
            "response_id": self._response_id,
            "item_id": self._current.id,
            "output_index": len(self._items) - 1,
        }

    @property
    def _current(self) -> Item:
        if self._open is None:
            raise RuntimeError("no output item is open")
        return self._open

    @property
    def _speech(self) -> Speech:
        speech = self._current.speech
        if speech is None:
            raise RuntimeError("the open item is not spoken")
        return speech


def _call_item(name: str) -> Item:
    return Item(_document("function_call", name=name, call_id=new_id("call"), arguments=""))


def _document(kind: str, **fields: object) -> dict[str, Any]:
    return {
        "id": new_id("item"),
        "object": "realtime.item",
        "type": kind,
        "status": "in_progress",
        **fields,
    }
