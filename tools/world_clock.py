"""The time anywhere, from the time zone database, and the day where the business is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process

from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError

_NOT_IN_DATABASE = {
    "america/los_angeles": "san francisco, seattle, san diego, las vegas, california",
    "america/new_york": "washington, boston, miami, atlanta, philadelphia",
    "america/chicago": "houston, dallas, austin, texas",
    "america/toronto": "montreal, ottawa",
    "america/sao_paulo": "rio, rio de janeiro, brasilia",
    "europe/london": "uk, united kingdom, britain, great britain, england, scotland, wales",
    "europe/berlin": "munich, frankfurt, hamburg, cologne",
    "europe/madrid": "barcelona, seville, valencia",
    "europe/rome": "milan, naples, florence, venice",
    "europe/paris": "lyon, marseille, nice",
    "europe/zurich": "geneva, bern, basel",
    "europe/amsterdam": "rotterdam, holland",
    "asia/shanghai": "beijing, shenzhen, guangzhou",
    "asia/kolkata": "delhi, new delhi, mumbai, bangalore, chennai",
    "asia/tokyo": "osaka, kyoto",
    "asia/seoul": "busan, korea, south korea",
    "asia/dubai": "abu dhabi",
}
"""Large places that callers ask for and that give no zone its name."""

_OTHER_NAMES = {"usa": "united states", "us": "united states", "america": "united states"}

_CLOSE_ENOUGH = 86
"""rapidfuzz ratio: lets one misheard letter in six pass ("parris"), and no other city."""


@tool()
async def time_in_place(call: CallState, place: str) -> str:
    """The current local time in a city or country.

    Args:
        place: The city or country, such as "Paris" or "Japan".
    """
    return describe_time(place, datetime.now(UTC))


@tool()
async def today(call: CallState) -> str:
    """What day it is, with the dates of the week ahead. Use it before you name or use a date."""
    return describe_day(call.services.hours.now())


def describe_day(now: datetime) -> str:
    """The day in words, and the dates of the seven days after it, for a model to reckon with."""
    ahead = (now.date() + timedelta(days) for days in range(1, 8))
    dates = ", ".join(f"{day:%A} is {day.isoformat()}" for day in ahead)
    return f"Today is {now:%A} {now.day} {now:%B} {now.year}, {now.date().isoformat()}. {dates}."


def describe_time(place: str, now: datetime) -> str:
    """The local time of a place in words, such as "In Paris it is 3:05 PM on Monday 2 March.".

    Raises:
        ToolError: for a place that is unknown or has several time zones, saying what to ask.
    """
    name, zones = _look_up(place)
    local = [now.astimezone(ZoneInfo(zone)) for zone in zones]
    if len({moment.utcoffset() for moment in local}) > 1:
        raise ToolError(f"{name} has several time zones. Ask for a city there.")
    moment = local[0]
    # A full hour without minutes: "3:00" is read aloud as digits by some voices.
    minutes = f":{moment:%M}" if moment.minute else ""
    clock = f"{moment.hour % 12 or 12}{minutes} {moment:%p}"
    return f"In {name} it is {clock} on {moment:%A} {moment.day} {moment:%B}."


def _look_up(place: str) -> tuple[str, tuple[str, ...]]:
    places = _places()
    asked = " ".join(place[:100].lower().replace("_", " ").split()).removeprefix("the ")
    # "Paris, France" names the city first.
    for candidate in (_OTHER_NAMES.get(asked, asked), asked.split(",")[0].strip()):
        if candidate in places:
            return candidate.title(), places[candidate]
    match = process.extractOne(asked, places.keys(), scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    if match is None:
        raise ToolError("That place is not known. Ask for a large city or a country nearby.")
    return match[0].title(), places[match[0]]


@cache
def _places() -> dict[str, tuple[str, ...]]:
    countries = dict(row[:2] for row in _rows("iso3166.tab"))
    zones_of: dict[str, list[str]] = {}
    places: dict[str, tuple[str, ...]] = {}
    for code, _coordinates, zone, *_ in _rows("zone.tab"):
        zones_of.setdefault(countries[code].lower(), []).append(zone)
        places[zone.split("/")[-1].replace("_", " ").lower()] = (zone,)
        for name in _NOT_IN_DATABASE.get(zone.lower(), "").split(", "):
            if name:
                places[name] = (zone,)
    # A city wins over the country of its name: Singapore and Luxembourg agree, others differ.
    return {country: tuple(zones) for country, zones in zones_of.items()} | places


def _rows(table: str) -> Iterator[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(table).read_text("utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
