"""The weather: as it is forecast, or as it usually is."""

from __future__ import annotations

from datetime import date, timedelta

from agent.call.cards import WeatherCard, show
from agent.call.spoken import spoken_day
from agent.call.state import CallState
from agent.call.tool import tool
from agent.call.weather import Climate, DayForecast, Forecast, PlaceUnknown, UsualMonth
from agent.errors import ToolError

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NOT_KNOWN = "That place is not known. Ask for a large city nearby."


@tool(timeout_s=12.0, cost="metered")
async def weather(call: CallState, place: str, day: str | None = None) -> str:
    """The weather in a city: now, today or in the coming days.

    Args:
        place: The city, such as "Paris" or "Springfield, Illinois".
        day: As YYYY-MM-DD, or "tomorrow", or a weekday. Leave it out for today.
    """
    service = call.services.weather
    try:
        forecast = await service.forecast(place)
    except PlaceUnknown:
        raise ToolError(_NOT_KNOWN) from None
    if forecast is not None:
        asked = _day_of(day, forecast.today)
        if (of_day := forecast.days.get(asked)) is not None:
            _show(forecast, asked, of_day)
            return _describe(forecast, asked, of_day)
    climate = service.climate(place)
    if climate is not None:
        asked = _day_of(day, climate.today)
        _show_usual(climate, asked)
        return _describe_usual(climate, asked)
    if forecast is not None:
        raise ToolError(f"The forecast reaches only until {spoken_day(max(forecast.days))}.")
    raise ToolError(
        "The forecast cannot be reached now, and nothing is known of the usual weather there."
    )


def _day_of(asked: str | None, today: date) -> date:
    """The day that is meant, seen from the place's own today.

    Raises:
        ToolError: for a day that is none, or is past.
    """
    words = (asked or "today").strip().lower().removeprefix("on ").removeprefix("next ")
    if words in ("today", "now", "tonight", "this evening", "this afternoon", "this morning"):
        return today
    if words == "tomorrow":
        return today + timedelta(1)
    if words in ("day after tomorrow", "the day after tomorrow"):
        return today + timedelta(2)
    if words in _WEEKDAYS:
        return today + timedelta((_WEEKDAYS.index(words) - today.weekday()) % 7)
    try:
        day = date.fromisoformat(words)
    except ValueError:
        raise ToolError("That day is not clear. Ask for which day it should be.") from None
    if day < today:
        raise ToolError("That day is past, and only weather to come is known.")
    return day


def _show(forecast: Forecast, day: date, of_day: DayForecast) -> None:
    now_c = forecast.now_c if day == forecast.today else None
    show(
        WeatherCard(
            place=forecast.place,
            day=day,
            condition=of_day.sky,
            temperature_c=of_day.high_c if now_c is None else now_c,
            high_c=of_day.high_c,
            low_c=of_day.low_c,
            rain_percent=of_day.rain_percent,
        )
    )


def _show_usual(climate: Climate, day: date) -> None:
    month = climate.months[day.month - 1]
    show(
        WeatherCard(
            place=climate.place,
            day=day,
            condition=f"as usual in {day:%B}",
            temperature_c=month.high_c,
            high_c=month.high_c,
            low_c=month.low_c,
            forecast=False,
        )
    )


def _describe(forecast: Forecast, day: date, of_day: DayForecast) -> str:
    if day == forecast.today:
        now = (
            f"it is {_degrees(forecast.now_c)} now, and today" if forecast.now_c is not None else ""
        )
        when = f"In {forecast.place} {now or 'today'}"
    else:
        when = f"In {forecast.place} on {spoken_day(day)}"
    rain = of_day.rain_percent
    chance = f" The chance of rain is {rain} percent." if rain is not None and rain >= 20 else ""
    return (
        f"{when} expect {of_day.sky}, with a high of {_number(of_day.high_c)} and a low of"
        f" {_degrees(of_day.low_c)}.{chance}"
    )


def _describe_usual(climate: Climate, day: date) -> str:
    month: UsualMonth = climate.months[day.month - 1]
    return (
        f"There is no forecast for that now, only what is usual: in {climate.place} a day in"
        f" {day:%B} has a high of about {_number(month.high_c)} and a low of about"
        f" {_degrees(month.low_c)}, and rain falls on about {round(month.wet_days)} days of the"
        " month. Say that this is not a forecast."
    )


def _degrees(celsius: float) -> str:
    return f"{_number(celsius)} degrees Celsius"


def _number(celsius: float) -> str:
    degrees = round(celsius)
    return f"minus {-degrees}" if degrees < 0 else str(degrees)
