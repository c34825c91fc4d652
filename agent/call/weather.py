"""The weather as a call asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from agent.errors import CallerError


class PlaceUnknown(CallerError):
    """No place is known by that name."""


@dataclass(frozen=True, slots=True)
class DayForecast:
    """One day in one place."""

    sky: str
    """In words that fit after "expect", such as "light rain"."""
    high_c: float
    low_c: float
    rain_percent: int | None = None
    """How likely rain or snow is; None where that is not forecast."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is forecast for a place."""

    place: str
    today: date
    """In the place itself, which may be tomorrow where the caller is."""
    now_c: float | None
    days: Mapping[date, DayForecast]


@dataclass(frozen=True, slots=True)
class UsualMonth:
    """What a month is usually like, over many years."""

    high_c: float
    low_c: float
    wet_days: float
    """Days with at least one millimetre of rain or melted snow."""


@dataclass(frozen=True, slots=True)
class Climate:
    """What the weather in a place is usually like."""

    place: str
    today: date
    """In the place itself."""
    months: tuple[UsualMonth, ...]
    """Twelve, from January on."""


class WeatherService(Protocol):
    """Where the weather is looked up."""

    async def forecast(self, place: str) -> Forecast | None:
        """The forecast for a place; None where none can be had at present.

        Raises:
            PlaceUnknown: when forecasts are there, but not for a place of this name.
        """
        ...

    def climate(self, place: str) -> Climate | None:
        """What is usual in a place; None for a place that is not in the table."""
        ...
