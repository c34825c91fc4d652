"""A tool's arguments out of what was said, over one turn or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.sandbox.dialogue.heard import Heard, Listening
from agent.sandbox.dialogue.slots import Shape, Slot
from agent.sandbox.dialogue.values import EXTRACTION_ORDER, extract

Path = tuple[str, ...]
Values = dict[Path, Any]

_WHOLE_ANSWER = frozenset({"person", "place", "language", "text"})
"""Kinds that take any words for an answer, so the clear kinds are read before them."""


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance on the way to a call, and the slot that had been asked for before it."""

    text: str
    answers: Path | None = None


def fill(shape: Shape, utterances: Sequence[Said], now: datetime) -> tuple[Values, Heard]:
    """The values in the utterances, and what is left of the last one. What was said first stays,
    unless the slot is asked for again.
    """
    slots = list(shape.slots())
    values: Values = {}
    heard = Heard("")
    for said in utterances:
        heard = Heard(said.text)
        for slot in _reading_order(slots, said.answers):
            answering = slot.path == said.answers
            if slot.path in values and not answering:
                continue
            value = extract(heard, slot, Listening(now, answering))
            if value is not None:
                values[slot.path] = value
    return values, heard


def _reading_order(slots: list[Slot], asked: Path | None) -> Iterable[Slot]:
    target = next((slot for slot in slots if slot.path == asked), None)
    if target is None:
        return sorted(slots, key=lambda slot: EXTRACTION_ORDER[slot.kind])
    if target.kind == "text":
        return [target]
    clear = [slot for slot in slots if slot.kind not in _WHOLE_ANSWER or slot is target]
    return sorted(
        clear,
        key=lambda slot: (
            slot is not target or target.kind in _WHOLE_ANSWER,
            EXTRACTION_ORDER[slot.kind],
        ),
    )


def missing(shape: Shape, values: Values) -> Slot | None:
    """The first slot to ask for, or None if the call can be made."""
    for slot in shape.slots():
        if slot.required and slot.path not in values and _can_be_asked(slot):
            return slot
    return None


def _can_be_asked(slot: Slot) -> bool:
    if slot.kind == "array":
        return slot.item is not None and slot.item.kind not in ("opaque", "array")
    return slot.kind not in ("opaque", "constant")


def assemble(shape: Shape, values: Values, *, said: str, now: datetime) -> dict[str, Any]:
    """The arguments as the schema wants them. What must be there and was not said is null where
    the schema allows it, else a default of its type; `said` is the default of free text.
    """
    arguments: dict[str, Any] = {}
    for name, member in shape.members.items():
        listed, nullable = name in shape.listed, name in shape.nullable
        if isinstance(member, Slot):
            if member.path in values:
                arguments[name] = values[member.path]
            elif listed:
                arguments[name] = None if nullable else default_for(member, said=said, now=now)
        elif (listed and not nullable) or _is_complete(member, values):
            arguments[name] = assemble(member, values, said=said, now=now)
        elif listed:
            arguments[name] = None
    return arguments


def _is_complete(shape: Shape, values: Values) -> bool:
    """Whether something was said for the object, and everything that it must have."""
    if not any(slot.path in values and slot.kind != "constant" for slot in shape.slots()):
        return False
    for name, member in shape.members.items():
        must = name in shape.listed and name not in shape.nullable
        if must and not (
            member.path in values if isinstance(member, Slot) else _is_complete(member, values)
        ):
            return False
    return True


def default_for(slot: Slot, *, said: str, now: datetime) -> Any:
    """A value that the slot's schema accepts, for a call that must be made with what there is."""
    schema = slot.schema
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if slot.kind == "enum":
        return slot.choices[0] if slot.choices else None
    if slot.kind in ("integer", "number"):
        return _least(schema, whole=slot.kind == "integer")
    if slot.kind == "array":
        return _array(slot, said=said, now=now)
    moment = now if now.tzinfo else now.replace(tzinfo=UTC)
    by_kind: dict[str, Any] = {
        "constant": schema.get("const"),
        "boolean": False,
        "opaque": {},
        "date": f"{now:%Y-%m-%d}",
        "weekday": f"{now:%A}".lower(),
        "time": f"{now:%H:%M}",
        "datetime": moment.isoformat(timespec="seconds"),
        "email": "nobody@example.com",
        "text": said,
    }
    return by_kind.get(slot.kind, "")


def _array(slot: Slot, *, said: str, now: datetime) -> list[Any]:
    least = slot.schema.get("minItems")
    if slot.item is None or not isinstance(least, int):
        return []
    return [default_for(slot.item, said=said, now=now)] * min(max(least, 0), 20)


def _least(schema: dict[str, Any], *, whole: bool) -> int | float:
    def bound(name: str) -> int | float | None:
        value = schema.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    step: int | float = 1
    low = bound("minimum")
    above, high, below = bound("exclusiveMinimum"), bound("maximum"), bound("exclusiveMaximum")
    if low is None and above is not None:
        low = above + step
    if low is None:
        ceiling = high if high is not None else below - step if below is not None else 0
        low = min(0, ceiling)
    low = max(low, 0) if (high is None or high >= 0) and (below is None or below > 0) else low
    return int(-(-low // 1)) if whole else low
