"""The weather, as it is said."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.cards import WeatherCard, watching
from agent.call.state import CallState
from agent.call.weather import Climate, DayForecast, Forecast, UsualMonth
from agent.errors import ToolError
from tests.fakes.answers import FakeWeather
from tests.fakes.business import business_call
from tools.weather import _day_of, weather

TODAY = date(2026, 3, 2)
"""A Monday."""
PARIS = Forecast(
    "Paris",
    TODAY,
    now_c=7.6,
    days={
        TODAY: DayForecast("light rain", 11.2, 3.6, 60),
        date(2026, 3, 3): DayForecast("a clear sky", 12.0, -0.6, 5),
    },
)
USUAL = Climate("Paris", TODAY, tuple(UsualMonth(10 + m, m - 3, 9.0) for m in range(12)))


def calling(service: FakeWeather) -> CallState:
    """A call with this weather."""
    call = business_call()
    call.services = replace(call.services, weather=service)
    return call


async def ask(service: FakeWeather, **arguments: str) -> str:
    """What the tool says."""
    return await weather.run(calling(service), arguments)


async def test_today_is_said_with_what_it_is_now() -> None:
    """The temperature of the moment, then the day, and rain where it is likely."""
    said = await ask(FakeWeather({"Paris": PARIS}), place="Paris")
    assert said == (
        "In Paris it is 8 degrees Celsius now, and today expect light rain, with a high of 11 and"
        " a low of 4 degrees Celsius. The chance of rain is 60 percent."
    )


async def test_another_day_is_said_by_its_name() -> None:
    """Below zero is minus; unlikely rain is left out."""
    said = await ask(FakeWeather({"Paris": PARIS}), place="Paris", day="tomorrow")
    assert said == (
        "In Paris on Tuesday the third of March expect a clear sky, with a high of 12 and a low of"
        " minus 1 degrees Celsius."
    )


async def test_without_a_forecast_the_usual_weather_is_said_to_be_no_forecast() -> None:
    """The caller is not led to believe that somebody knows what it will be."""
    service = FakeWeather(climates={"Paris": USUAL}, reachable=False)
    said = await ask(service, place="Paris", day="2026-05-01")
    assert said.startswith("There is no forecast for that now, only what is usual: in Paris")
    assert "May has a high of about 14 and a low of about 1 degrees Celsius" in said
    assert said.endswith("Say that this is not a forecast.")


async def test_a_day_beyond_the_forecast_is_answered_with_what_is_usual() -> None:
    """In July nobody knows the weather of March."""
    said = await ask(
        FakeWeather({"Paris": PARIS}, {"Paris": USUAL}), place="Paris", day="2026-07-01"
    )
    assert "no forecast" in said
    assert "July" in said


async def test_where_nothing_is_known_the_last_forecast_day_is_named() -> None:
    """The caller may ask for a nearer day."""
    with pytest.raises(ToolError, match="only until Tuesday the third of March"):
        await ask(FakeWeather({"Paris": PARIS}), place="Paris", day="2026-07-01")


async def test_an_unknown_place_asks_for_another() -> None:
    """A misheard name is not looked up in the table of what is usual."""
    with pytest.raises(ToolError, match="Ask for a large city"):
        await ask(FakeWeather(), place="Atlantis")


async def test_offline_and_not_in_the_table_is_said_plainly() -> None:
    """There is no weather to make up."""
    with pytest.raises(ToolError, match="cannot be reached"):
        await ask(FakeWeather(reachable=False), place="Atlantis")


@pytest.mark.parametrize(
    ("asked", "day"),
    [
        (None, TODAY),
        ("tonight", TODAY),
        ("monday", TODAY),
        ("on Sunday", date(2026, 3, 8)),
        ("the day after tomorrow", date(2026, 3, 4)),
        ("2026-03-05", date(2026, 3, 5)),
    ],
)
def test_days_are_seen_from_the_place(asked: str | None, day: date) -> None:
    """Words and dates, counted from the place's own today."""
    assert _day_of(asked, TODAY) == day


@pytest.mark.parametrize("asked", ["2026-03-01", "someday", "2026-02-30"])
def test_a_day_that_is_past_or_none_is_asked_about(asked: str) -> None:
    """The model is told to ask, not that something failed."""
    with pytest.raises(ToolError):
        _day_of(asked, TODAY)


@given(st.text(max_size=40))
def test_any_day_is_understood_or_asked_about(asked: str) -> None:
    """Nothing that a model says makes the tool fail in another way, or gives a day in the past."""
    with suppress(ToolError):
        assert _day_of(asked, TODAY) >= TODAY


async def test_what_is_said_is_shown_too() -> None:
    """In figures; of a day to come the high stands for what it is."""
    with watching() as shown:
        await ask(FakeWeather({"Paris": PARIS}), place="Paris")
    (today,) = shown
    assert today == WeatherCard(
        place="Paris",
        day=TODAY,
        condition="light rain",
        temperature_c=7.6,
        high_c=11.2,
        low_c=3.6,
        rain_percent=60,
    )
    with watching() as shown:
        await ask(FakeWeather({"Paris": PARIS}), place="Paris", day="tomorrow")
        usual = FakeWeather(climates={"Paris": USUAL}, reachable=False)
    assert isinstance(shown[0], WeatherCard)
    assert shown[0].temperature_c == 12.0
    with watching() as shown:
        await ask(usual, place="Paris", day="2026-05-01")
    assert isinstance(shown[0], WeatherCard)
    assert (shown[0].forecast, shown[0].condition) == (False, "as usual in May")
