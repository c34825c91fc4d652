"""Client events: from a text frame to one of openai's types, or to the error that answers it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from openai import BaseModel
from openai.types.realtime import (
    ConversationItem,
    RealtimeClientEvent,
    RealtimeResponseCreateParams,
    ResponseCreateEvent,
)
from openai.types.realtime.response_item_reference import ResponseItemReference
from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from agent.sandbox.realtime.errors import ClientError, invalid, missing, unknown

_WEBRTC_ONLY = {"output_audio_buffer.clear"}


class ResponseParams(RealtimeResponseCreateParams):
    """`response.create` with the references to earlier items that the API reference allows in
    `input`; the generated type of openai lacks them.
    """

    input: list[ConversationItem | ResponseItemReference] | None = None  # type: ignore[assignment]  # widened on purpose


class ResponseCreate(ResponseCreateEvent):
    """`response.create` with the wider params."""

    response: ResponseParams | None = None


def event_name(event: type[BaseModel]) -> str:
    """The `type` that an event class of openai stands for."""
    name: str = get_args(event.model_fields["type"].annotation)[0]
    return name


def _event_types() -> dict[str, type[BaseModel]]:
    union = get_args(RealtimeClientEvent)[0]
    types = {event_name(event): event for event in get_args(union)}
    return types | {"response.create": ResponseCreate}


_TYPES_WITH_MEDIA = _event_types()
_TYPES = {name: event for name, event in _TYPES_WITH_MEDIA.items() if name not in _WEBRTC_ONLY}


def parse_document(frame: str) -> dict[str, Any]:
    """The JSON object in a frame. Raises ClientError (invalid_json, invalid_event)."""
    try:
        document = from_json(frame, allow_inf_nan=False)
    except ValueError as fault:
        raise ClientError(
            f"Invalid event: failed to parse JSON value. {fault}", code="invalid_json"
        ) from None
    if not isinstance(document, dict):
        raise ClientError("Invalid event: expected a JSON object.", code="invalid_event")
    if not _is_finite(document):
        raise ClientError("Invalid event: a number is out of range.", code="invalid_json")
    return document


def _is_finite(value: object) -> bool:
    """Whether no number has become infinite: 1e999 is JSON, but could not be sent back."""
    if isinstance(value, dict):
        return all(_is_finite(entry) for entry in value.values())
    if isinstance(value, list):
        return all(_is_finite(entry) for entry in value)
    return not isinstance(value, float) or math.isfinite(value)


def validated(document: dict[str, Any], *, has_media: bool = False) -> BaseModel:
    """The event as openai's own type; some there are only where media flow beside the events.
    Raises ClientError with the code and parameter at fault.
    """
    types = _TYPES_WITH_MEDIA if has_media else _TYPES
    kind = document.get("type")
    if kind is None:
        raise missing("type")
    event_type = types.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        raise invalid("type", f"Invalid value: {kind!r}. {_supported(types)}")
    try:
        event = event_type.model_validate(document, strict=True)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_context=True), document) from None
    if (param := _first_unknown(event, "")) is not None:
        raise unknown(param)
    return event


def _first_unknown(value: object, path: str) -> str | None:
    if isinstance(value, BaseModel):
        for name in value.model_extra or ():
            return f"{path}.{name}" if path else name
        fields = ((f"{path}.{n}" if path else n, getattr(value, n)) for n in value.model_fields_set)
    elif isinstance(value, list):
        fields = ((f"{path}[{i}]", entry) for i, entry in enumerate(value))
    else:
        return None
    return next((found for p, v in fields if (found := _first_unknown(v, p)) is not None), None)


def _refusal(faults: Sequence[ErrorDetails], document: dict[str, Any]) -> ClientError:
    """The most telling of pydantic's complaints, in OpenAI's words.

    For a union pydantic lists what each member lacks. Members whose `type` or `role` is another are
    not what the client meant, and drop out unless none is left.
    """
    others = [
        fault["loc"][:-1]
        for fault in faults
        if fault["type"] == "literal_error"
        and fault["loc"][-1] in ("type", "role")
        and str(fault["loc"][-2:][0])[:1].isupper()  # a union member's name, not a field
    ]
    meant = [
        f for f in faults if not any(f["loc"][: len(prefix)] == prefix for prefix in others)
    ] or faults
    fault = min(meant, key=_rank)
    param = _path(fault["loc"], document)
    if fault["type"] == "missing":
        return missing(param)
    if fault["type"] == "literal_error":
        expected = {
            value.strip("'\"")
            for f in meant
            if f["type"] == "literal_error" and _path(f["loc"], document) == param
            for value in f.get("ctx", {}).get("expected", "").replace(" or ", ", ").split(", ")
        }
        return invalid(param, f"Invalid value: {fault['input']!r:.100}. {_supported(expected)}")
    got = type(fault["input"]).__name__
    return ClientError(
        f"Invalid type for '{param}': {fault['msg'].lower()}, but got {got} instead.",
        code="invalid_type",
        param=param,
    )


def _rank(fault: ErrorDetails) -> int:
    """Without a type nothing else can be judged, and a wrong role tells more than a wrong type."""
    order = [
        ("missing", "type"),
        ("literal_error", "role"),
        ("literal_error", "type"),
        ("missing", "role"),
    ]
    kind = (fault["type"], fault["loc"][-1])
    return order.index(kind) if kind in order else len(order)


def _supported(values: Iterable[str]) -> str:
    return f"Supported values are: {', '.join(repr(value) for value in sorted(values))}."


def _path(location: Sequence[str | int], document: object) -> str:
    """Pydantic's location without the names of union members: `item.content[0].text`."""
    path, here = "", document
    for step, key in enumerate(location):
        if isinstance(here, list) and isinstance(key, int):
            path, here = f"{path}[{key}]", here[key]
        elif isinstance(here, Mapping) and (key in here or step == len(location) - 1):
            path, here = f"{path}.{key}" if path else str(key), here.get(key)
    return path
