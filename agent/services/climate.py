"""What the weather is usually like in large cities, from a table that needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process

from agent.call.weather import Climate, UsualMonth

_CLOSE_ENOUGH = 86
"""rapidfuzz ratio, as for the time in a place: one misheard letter in six passes."""

_OTHER_NAMES = {
    "nyc": "new york",
    "new york city": "new york",
    "washington dc": "washington",
    "washington d.c.": "washington",
    "la": "los angeles",
    "bombay": "mumbai",
    "bengaluru": "bangalore",
    "new delhi": "delhi",
    "saigon": "ho chi minh city",
    "são paulo": "sao paulo",
    "rio": "rio de janeiro",
    "zürich": "zurich",
    "kiev": "kyiv",
    "münchen": "munich",
}


@dataclass(frozen=True, slots=True)
class City:
    """A row of the table."""

    name: str
    country: str
    zone: str
    months: tuple[UsualMonth, ...]


def usual_weather(place: str, *, now: datetime) -> Climate | None:
    """What is usual in a place; None for one that is not in the table.

    Args:
        place: A city as callers name it, with its country or without.
        now: The time, aware; it is another day in some places.
    """
    cities = cities_by_name()
    asked = " ".join(place[:100].partition(",")[0].casefold().split())
    asked = _OTHER_NAMES.get(asked, asked)
    match = process.extractOne(asked, cities.keys(), scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    if match is None:
        return None
    city = cities[match[0]]
    return Climate(city.name, now.astimezone(ZoneInfo(city.zone)).date(), city.months)


@cache
def cities_by_name() -> dict[str, City]:
    """The table. Long-term means, rounded to whole degrees and days: right to about two degrees,
    which is enough to say what to wear.
    """
    text = resources.files("agent.services").joinpath("climate.csv").read_text("utf-8")
    cities = [_city(row) for row in text.splitlines() if not row.startswith("#")]
    return {city.name.casefold(): city for city in cities}


def _city(row: str) -> City:
    name, country, zone, *series = row.split(";")
    highs, lows, wet_days = ([float(value) for value in values.split(",")] for values in series)
    months = tuple(UsualMonth(*month) for month in zip(highs, lows, wet_days, strict=True))
    return City(name, country, zone, months)
