"""The weather, asked of a server that speaks Open-Meteo's shape."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from aiohttp import web

from agent.call.weather import PlaceUnknown
from agent.services.climate import cities_by_name, usual_weather
from agent.services.weather import REST_S, Weather
from agent.settings import WeatherSettings
from tests.fakes import open_meteo
from tests.fakes.web import Answer, FakeWeb, answering

NOWHERE = "http://127.0.0.1:9"
"""The discard port, where nobody listens."""


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@asynccontextmanager
async def asking(
    answer: Answer = open_meteo.answer, clock: Clock | None = None
) -> AsyncIterator[tuple[Weather, FakeWeb]]:
    """A service that asks a server on this machine."""
    async with answering(answer) as fake:
        settings = WeatherSettings(url=fake.url, geocoding_url=fake.url, timeout_s=2.0)
        weather = Weather(settings, clock=clock or Clock())
        try:
            yield weather, fake
        finally:
            await weather.aclose()


async def test_a_forecast_has_the_days_of_which_enough_is_known() -> None:
    """With the place as it is called, its own today, and what it is like now."""
    async with asking() as (weather, _):
        forecast = await weather.forecast("Paris")
    assert forecast is not None
    assert (forecast.place, forecast.today, forecast.now_c) == ("Paris", open_meteo.TODAY, 7.6)
    assert list(forecast.days) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert forecast.days[open_meteo.TODAY].sky == "light rain"
    assert forecast.days[open_meteo.TODAY].rain_percent == 60
    assert forecast.days[date(2026, 3, 3)].rain_percent is None


async def test_a_region_tells_places_of_one_name_apart() -> None:
    """Springfield, Illinois is not the largest one."""
    async with asking() as (weather, fake):
        await weather.forecast("Springfield, Illinois")
    assert fake.asked[0].query["name"] == "Springfield"
    assert fake.asked[1].query["latitude"] == "39.8000"


async def test_an_unknown_place_is_told_from_a_failure() -> None:
    """The caller is asked for another, not told that the weather is away."""
    async with asking() as (weather, _):
        with pytest.raises(PlaceUnknown):
            await weather.forecast("Atlantis")


async def test_a_passing_fault_is_tried_again() -> None:
    """One bad answer costs the caller nothing."""
    statuses = [503]

    async def answer(request: web.Request) -> web.StreamResponse:
        if statuses:
            return web.Response(status=statuses.pop())
        return await open_meteo.answer(request)

    async with asking(answer) as (weather, _):
        assert await weather.forecast("Paris") is not None


@pytest.mark.parametrize("body", ["", "nonsense", "{}", '{"results": [{"name": 1}]}', "[" * 5000])
async def test_nonsense_counts_as_no_forecast(body: str) -> None:
    """Whatever comes back, the call goes on."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    async with asking(answer) as (weather, _):
        if body == "{}":
            with pytest.raises(PlaceUnknown):
                await weather.forecast("Paris")
        else:
            assert await weather.forecast("Paris") is None


async def test_after_a_failure_nobody_is_kept_waiting_for_a_while() -> None:
    """The server is left alone, and asked again when a minute is over."""
    clock = Clock()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=400)

    async with asking(answer, clock) as (weather, fake):
        assert await weather.forecast("Paris") is None
        assert await weather.forecast("Paris") is None
        assert len(fake.asked) == 1
        clock.now_s += REST_S
        await weather.forecast("Paris")
        assert len(fake.asked) == 2


async def test_a_server_that_is_not_there_is_no_forecast() -> None:
    """What is usual is known all the same."""
    weather = Weather(WeatherSettings(url=NOWHERE, geocoding_url=NOWHERE, timeout_s=1.0))
    assert await weather.forecast("Paris") is None
    assert weather.climate("Paris") is not None
    await weather.aclose()


async def test_climate_only_asks_nobody() -> None:
    """An operator without a network says so."""
    async with answering(open_meteo.answer) as fake:
        weather = Weather(WeatherSettings(source="climate", url=fake.url, geocoding_url=fake.url))
        assert await weather.forecast("Paris") is None
        assert fake.asked == []


def test_forecasts_only_knows_nothing_usual() -> None:
    """An operator who wants no such answers says so."""
    assert Weather(WeatherSettings(source="open-meteo")).climate("Paris") is None


@pytest.mark.parametrize("asked", ["Paris", "parris", "Paris, France", "  PARIS "])
def test_the_table_is_found_as_callers_say_it(asked: str) -> None:
    """With a country, without, and misheard by a letter."""
    found = usual_weather(asked, now=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert found is not None
    assert found.place == "Paris"


def test_a_place_has_its_own_today() -> None:
    """At noon in London it is tomorrow in Auckland."""
    found = usual_weather("Auckland", now=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert found is not None
    assert found.today == date(2026, 3, 3)


def test_the_table_is_sound() -> None:
    """Twelve months each, highs above lows, and summers where they belong."""
    cities = cities_by_name()
    assert len(cities) >= 60
    for city in cities.values():
        assert len(city.months) == 12
        assert all(-30 < month.low_c < month.high_c < 48 for month in city.months)
        assert all(0 <= month.wet_days <= 31 for month in city.months)
    assert cities["london"].months[6].high_c > cities["london"].months[0].high_c
    assert cities["sydney"].months[6].high_c < cities["sydney"].months[0].high_c
