"""The events of a record as JSON values, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.call.record import (
    EVENT_TYPES,
    Closed,
    Entry,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    RecordEvent,
    Unreadable,
)


def apart(
    event: RecordEvent, redact: Callable[[Any], Any] = lambda value: value
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An event as JSON values: what is not personal, and what is, redacted where it was said.

    Args:
        event: The event.
        redact: Takes out of JSON values, nested ones too, what must not be kept.

    What is not to be written is in neither.
    """
    values = _adapter(type(event)).dump_python(event, mode="json", fallback=str)
    plain, personal = {}, {}
    for each in dataclasses.fields(event):
        value = values[each.name]
        if each.metadata.get("unwritten"):
            continue
        if not each.metadata.get("personal"):
            plain[each.name] = value
        elif each.metadata.get("redacted"):
            personal[each.name] = redact(value)
        else:
            personal[each.name] = value
    return plain, personal


def together(kind: str, content: Mapping[str, Any]) -> RecordEvent:
    """The event of which these are the values. What was personal may have been deleted."""
    known = EVENT_TYPES.get(kind)
    if known is None:
        return Unreadable(kind, content)
    names = {each.name: each for each in dataclasses.fields(known)}
    values = {name: value for name, value in content.items() if name in names}
    for name, each in names.items():
        if name not in values and each.metadata.get("personal"):
            values[name] = _nothing(each)
    try:
        event: RecordEvent = _adapter(known).validate_python(values, strict=False)
    except ValidationError:
        return Unreadable(kind, content)
    return event


def as_json(entry: Entry) -> dict[str, Any]:
    """The stable form of an entry, for export and for clients."""
    plain, personal = apart(entry.event)
    head = {"seq": entry.seq, "at": entry.at.isoformat(), "kind": entry.event.kind}
    return {**head, **plain, **personal}


def metadata_as_json(entry: Entry) -> dict[str, Any]:
    """The same without anything personal."""
    plain, _ = apart(entry.event)
    return {"seq": entry.seq, "at": entry.at.isoformat(), "kind": entry.event.kind, **plain}


def without_words(event: RecordEvent) -> RecordEvent:
    """The event without anything that somebody said, of a caller who has not agreed to that."""
    said_fields = [each for each in dataclasses.fields(event) if each.metadata.get("redacted")]
    return dataclasses.replace(event, **{each.name: _nothing(each) for each in said_fields})


def redacted_event(event: RecordEvent, redact: Callable[[Any], Any]) -> RecordEvent:
    """The event with what somebody said in it redacted; see `apart`."""
    _, personal = apart(event, redact)
    said_fields = [each.name for each in dataclasses.fields(event) if each.metadata.get("redacted")]
    return dataclasses.replace(event, **{name: personal[name] for name in said_fields})


def changes(event: RecordEvent) -> dict[str, str]:
    """What an event says of its call as a whole, by the names of CallSummary."""
    match event:
        case ParticipantJoined(identity=identity, phone_number=number):
            return {"caller_identity": identity} | ({"caller_number": number} if number else {})
        case PersonaInForce(persona=persona):
            return {"persona": persona}
        case PipelineInForce(pipeline=pipeline):
            return {"pipeline": pipeline}
        case Closed(reason=reason):
            return {"close_reason": reason}
        case _:
            return {}


def said(event: RecordEvent) -> Iterator[str]:
    """Every text of an event that somebody said."""
    _, personal = apart(event)
    for each in dataclasses.fields(event):
        if each.metadata.get("redacted"):
            yield from _texts(personal[each.name])


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Made when it is first needed, and then kept."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _nothing(each: dataclasses.Field[Any]) -> Any:
    if each.default is not dataclasses.MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not dataclasses.MISSING else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
