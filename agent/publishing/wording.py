"""What of a call's words and values others are told: without what is private, and in bounds."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.call.cards import AppointmentCard, Card
from agent.call.record import (
    ApprovalRequest,
    Feedback,
    RecordEvent,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.publishing.events import AnyEvent, Value

MAX_TEXT_BYTES = 8_000
"""As JSON. A reliable data packet of LiveKit takes 15 KiB, and an event is one packet."""
MAX_VALUE_CHARACTERS = 200
MAX_VALUES_BYTES = 4_000
MAX_ARGUMENTS = 30
HIDDEN = "(hidden)"
CUT = "…"

_KEPT = "\n\t\u200c\u200d"  # the joiners are parts of words in Persian and Hindi


@dataclass(frozen=True, slots=True)
class Wording:
    """Prepares notes of a record to be told. It takes a few milliseconds: call it in a thread.

    Args:
        redact: Takes out of JSON values what must not be told, such as Redaction.redact_value.
        private_of: The arguments of a tool whose values are not told.
    """

    redact: Callable[[Any], Any] = lambda value: value
    private_of: Callable[[str], frozenset[str]] = lambda _: frozenset()

    def of(self, note: RecordEvent) -> RecordEvent:
        """The note as it may be told."""
        match note:
            case TurnHeard():
                return dataclasses.replace(note, text=self._text(note.text))
            case TurnSpoken():
                return dataclasses.replace(note, heard=self._text(note.heard), generated="")
            case ToolBegan() | ApprovalRequest():
                return dataclasses.replace(note, arguments=self._values(note.tool, note.arguments))
            case ToolEnded():
                values = self._values(note.tool, note.arguments)
                card = self._card(note.card)
                return dataclasses.replace(note, arguments=values, answer="", card=card)
            case Feedback():
                return dataclasses.replace(note, comment=self._text(note.comment))
            case _:
                return note

    def _text(self, text: str) -> str:
        return within(readable(str(self.redact(text))), MAX_TEXT_BYTES)

    def _card(self, card: Card | None) -> Card | None:
        if isinstance(card, AppointmentCard):
            subject = readable(str(self.redact(card.subject)))[:MAX_VALUE_CHARACTERS]
            return dataclasses.replace(card, subject=subject)
        return card

    def _values(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Value]:
        hidden = self.private_of(tool)
        left = {name: value for name, value in arguments.items() if name not in hidden}
        redacted = self.redact(left)
        told: dict[str, Value] = {readable(name)[:60]: _flat(v) for name, v in redacted.items()}
        told |= {name: HIDDEN for name in arguments if name in hidden}
        while told and (len(told) > MAX_ARGUMENTS or _size(told) > MAX_VALUES_BYTES):
            told.popitem()
        return told


def told_to_others(event: AnyEvent) -> AnyEvent:
    """The event for everybody but the caller."""
    card = getattr(event, "card", None)
    if not isinstance(card, AppointmentCard) or not card.subject:
        return event
    return event.model_copy(update={"card": dataclasses.replace(card, subject="")})


def told_without_cost(event: AnyEvent) -> AnyEvent | None:
    """The event for a caller who is not told what the call costs; None if it is about that."""
    if event.type in ("cost_changed", "budget_reached"):
        return None
    if getattr(event, "spent_usd", None) is not None:
        return event.model_copy(update={"spent_usd": None})
    return event


def readable(text: str) -> str:
    """The text without control characters, invisible formatting and halves of characters, none of
    which has any business in a caption.
    """
    return "".join(c for c in text if c in _KEPT or unicodedata.category(c)[0] != "C")


def within(text: str, most_bytes: int) -> str:
    """The text, cut so that it takes no more bytes than these in JSON."""
    if _size(text) <= most_bytes:
        return text
    low, high = 0, min(len(text), most_bytes)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if _size(text[:middle] + CUT) <= most_bytes else (low, middle - 1)
        )
    return text[:low] + CUT


def _flat(value: Any) -> Value:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = readable(text)
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + CUT


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
