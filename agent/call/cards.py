"""What a tool shows beside its words: a result in fields, for clients that have a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict

_DESCRIBED = ConfigDict(
    use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherCard:
    """The weather of one day in one place."""

    __pydantic_config__: ClassVar = _DESCRIBED

    kind: Literal["weather"] = "weather"
    place: str
    day: date
    """In the place itself."""
    condition: str
    """In English words, such as "light rain"."""
    temperature_c: float
    """What it is now; of another day than today, or where that is not known, the day's high."""
    high_c: float
    low_c: float
    rain_percent: int | None = None
    """How likely rain or snow is; null where that is not forecast."""
    wind_kmh: float | None = None
    forecast: bool = True
    """False where it is only what is usual in that month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCard:
    """What became of an appointment."""

    __pydantic_config__: ClassVar = _DESCRIBED

    kind: Literal["appointment"] = "appointment"
    action: Literal["booked", "moved", "cancelled"]
    subject: str = ""
    """What it is about. Empty where the caller did not say, and for all but the caller."""
    starts_at: datetime
    """With the offset of the business's clock."""
    ends_at: datetime
    reference: str
    """Four to six digits."""


Card = WeatherCard | AppointmentCard

_shown: ContextVar[list[Card] | None] = ContextVar("shown", default=None)


def show(card: Card) -> None:
    """Show this with the answer of the tool that runs now, in place of what it showed before.
    Nothing is shown where nobody looks, or if the tool fails after all.
    """
    if (shown := _shown.get()) is not None:
        shown[:] = [card]


@contextmanager
def watching() -> Iterator[list[Card]]:
    """The card that a tool shows inside, if any. What is started inside shows there too, threads
    and tasks included.
    """
    shown: list[Card] = []
    token = _shown.set(shown)
    try:
        yield shown
    finally:
        _shown.reset(token)
