"""The default conversation: items in order, as clients create, cut and delete them."""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.sandbox.realtime.audio import AudioFormat, Samples
from agent.sandbox.realtime.errors import ClientError, invalid, missing
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.recording import Recording, Speech

_CONTENT_FIELD = {
    "input_text": "text",
    "input_audio": "audio",
    "input_image": "image_url",
    "output_text": "text",
    "output_audio": "transcript",
}
_CONTENT_TYPES = {
    "system": {"input_text"},
    "user": {"input_text", "input_audio", "input_image"},
    "assistant": {"output_text", "output_audio"},
}
_ITEM_TYPES = {"message", "function_call", "function_call_output"}


@dataclass(slots=True)
class Item:
    """One item. `document` is what events show of it: all but the audio."""

    document: dict[str, Any]
    recordings: dict[int, Recording] = field(default_factory=dict)
    """The user's audio by content index."""
    speech: Speech | None = None
    """The assistant's audio, in content 0."""

    @property
    def id(self) -> str:
        """Its identifier, unique in the conversation."""
        identifier: str = self.document["id"]
        return identifier

    def with_audio(self) -> dict[str, Any]:
        """The document with all audio in it."""
        document = copy.deepcopy(self.document)
        for index, recording in self.recordings.items():
            document["content"][index]["audio"] = recording.encoded()
        if self.speech is not None and document["content"]:
            document["content"][0]["audio"] = base64.b64encode(self.speech.audio).decode()
        return document


class Conversation:
    """Items in order. Every change is complete, or raises ClientError and changes nothing."""

    def __init__(self) -> None:
        self.id = new_id("conv")
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __contains__(self, item: Item) -> bool:
        return any(item is other for other in self._items)

    def find(self, item_id: str) -> Item | None:
        """The item of that id."""
        return next((item for item in self._items if item.id == item_id), None)

    def predecessor(self, item: Item) -> str | None:
        """The id of the item before this one; None if it is the first."""
        index = next(i for i, other in enumerate(self._items) if other is item)
        return self._items[index - 1].id if index else None

    @property
    def last_id(self) -> str | None:
        """The id of the last item."""
        return self._items[-1].id if self._items else None

    def add(self, item: Item, *, after: str | None = None) -> None:
        """Insert after the item of that id, first for "root", last for None."""
        if self.find(item.id) is not None:
            raise ClientError(
                f"Error adding item: an item with id '{item.id}' already exists.",
                code="item_create_duplicate_item_id",
            )
        position = len(self._items) if after is None else 0
        if after not in (None, "root"):
            position = 1 + next((i for i, it in enumerate(self._items) if it.id == after), -1)
            if position == 0:
                raise ClientError(
                    f"Error adding item: the previous item with id '{after}' does not exist.",
                    code="item_create_invalid_previous_item_id",
                    param="previous_item_id",
                )
        self._items.insert(position, item)

    def delete(self, item_id: str) -> None:
        """Forget an item."""
        item = self._known(item_id, "deleting", "item_delete_invalid_item_id")
        self._items = [other for other in self._items if other is not item]

    def retrieve(self, item_id: str) -> Item:
        """An item that must exist."""
        return self._known(item_id, "retrieving", "item_retrieve_invalid_item_id")

    def truncate(self, item_id: str, content_index: int, end_ms: int) -> None:
        """Cut the audio of an assistant's message, and the words that were in it."""
        item = self._known(item_id, "truncating", "item_truncate_invalid_item_id")
        if item.speech is None:
            raise ClientError(
                "Only model output audio messages can be truncated",
                code="unsupported_content_type",
            )
        if content_index != 0:
            raise invalid("content_index", f"Invalid content_index {content_index}: expected 0.")
        if end_ms < 0:
            raise invalid("audio_end_ms", f"Invalid audio_end_ms {end_ms}: expected 0 or more.")
        if end_ms > item.speech.duration_ms:
            raise invalid(
                "audio_end_ms",
                f"Audio content of {item.speech.duration_ms}ms is already shorter than {end_ms}ms",
            )
        item.speech.cut(end_ms)
        for part in item.document["content"]:
            part["transcript"] = item.speech.transcript

    def _known(self, item_id: str, doing: str, code: str) -> Item:
        item = self.find(item_id)
        if item is None:
            raise ClientError(
                f"Error {doing} item: the item with id '{item_id}' does not exist.",
                code=code,
                param="item_id",
            )
        return item


def item_from_client(
    document: dict[str, Any],
    *,
    audio_format: AudioFormat,
    record: Callable[[Samples], Recording],
    path: str = "item",
) -> Item:
    """An item as a client describes it, its audio put to be heard. Raises ClientError."""
    kind = document["type"]
    if kind not in _ITEM_TYPES:
        raise invalid(f"{path}.type", f"The sandbox does not serve items of type '{kind}'.")
    item = Item(copy.deepcopy(document))
    item.document |= {"id": document.get("id") or new_id("item"), "object": "realtime.item"}
    item.document["status"] = "completed"
    if kind == "function_call":
        item.document["call_id"] = document.get("call_id") or new_id("call")
    audio = {
        index: _checked(part, document["role"], audio_format, f"{path}.content[{index}]")
        for index, part in enumerate(item.document.get("content", ()))
    }
    # Only when all of it has been found good: recognition starts at once.
    for index, samples in audio.items():
        if samples is not None:
            item.recordings[index] = record(samples)
    return item


def _checked(
    part: dict[str, Any], role: str, audio_format: AudioFormat, path: str
) -> Samples | None:
    """The audio of a content part, taken out of it. Raises ClientError."""
    kind = part.get("type")
    if kind is None:
        raise missing(f"{path}.type")
    if kind not in _CONTENT_TYPES[role]:
        raise invalid(f"{path}.type", f"Invalid value: '{kind}' in a message of the {role}.")
    if part.get(_CONTENT_FIELD[kind]) is None:
        raise missing(f"{path}.{_CONTENT_FIELD[kind]}")
    if kind != "input_audio":
        part.pop("audio", None)
        return None
    part.setdefault("transcript", None)
    return decode_audio(part.pop("audio"), audio_format, f"{path}.audio")


def decode_audio(audio: str, audio_format: AudioFormat, param: str) -> Samples:
    """Samples of base64 audio. Raises ClientError unless it is base64 of whole samples."""
    try:
        data = base64.b64decode(audio, validate=True)
        return audio_format.decode(data)
    except (binascii.Error, ValueError):
        raise invalid(
            param,
            f"Invalid '{param}'. Expected base64-encoded audio bytes"
            f" in whole samples of the session's input format.",
        ) from None
