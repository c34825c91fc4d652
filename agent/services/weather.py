"""The weather from Open-Meteo, and what is usual from the bundled table when it cannot be had."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated

import httpx2
import stamina
from pydantic import BaseModel, Field, ValidationError

from agent.call.weather import Climate, DayForecast, Forecast, PlaceUnknown
from agent.services.bounded import read_at_most
from agent.services.climate import usual_weather
from agent.settings import WeatherSettings

logger = logging.getLogger(__name__)

ATTEMPTS = 2
MOST_DAYS = 16
"""What Open-Meteo forecasts."""
REST_S = 60.0
"""After a failure nothing is asked for so long: callers get what is usual at once."""
MOST_BYTES = 256 * 1024

_SKY = {
    0: "a clear sky",
    1: "a mostly clear sky",
    2: "some clouds",
    3: "an overcast sky",
    45: "fog",
    48: "freezing fog",
    51: "light drizzle",
    53: "drizzle",
    55: "heavy drizzle",
    56: "freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "snow showers",
    86: "heavy snow showers",
    95: "a thunderstorm",
    96: "a thunderstorm with hail",
    99: "a thunderstorm with heavy hail",
}
"""WMO weather interpretation codes, as Open-Meteo documents them."""


class _Place(BaseModel):
    name: str = Field(max_length=200)
    latitude: float
    longitude: float
    country: str = ""
    country_code: str = ""
    admin1: str = ""

    def is_in(self, region: str) -> bool:
        names = (self.country, self.country_code, self.admin1)
        return region in (name.casefold() for name in names)


class _Places(BaseModel):
    results: list[_Place] = []
    """Left out of an answer without any."""


class _Current(BaseModel):
    time: datetime
    """Local to the place."""
    temperature_2m: float | None = None


_Numbers = Annotated[list[float | None], Field(max_length=MOST_DAYS)]


class _Daily(BaseModel):
    time: Annotated[list[date], Field(max_length=MOST_DAYS)]
    weather_code: _Numbers
    temperature_2m_max: _Numbers
    temperature_2m_min: _Numbers
    precipitation_probability_max: _Numbers


class _Weather(BaseModel):
    current: _Current
    daily: _Daily

    def days(self) -> Mapping[date, DayForecast]:
        """The days of which enough is known; the last ones may lack a value."""
        daily = self.daily
        rows = zip(
            daily.time,
            daily.weather_code,
            daily.temperature_2m_max,
            daily.temperature_2m_min,
            daily.precipitation_probability_max,
            strict=True,
        )
        return {
            day: DayForecast(
                _SKY.get(int(code), "changeable weather"),
                high,
                low,
                None if rain is None else round(rain),
            )
            for day, code, high, low, rain in rows
            if code is not None and high is not None and low is not None
        }


class Weather:
    """A WeatherService. Close it at the end.

    Args:
        settings: Where to ask, and whether.
        clock: Monotonic seconds.
    """

    def __init__(
        self, settings: WeatherSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resting_until_s = 0.0
        self._http: httpx2.AsyncClient | None = None

    async def forecast(self, place: str) -> Forecast | None:
        """See WeatherService."""
        if self._settings.source == "climate" or self._clock() < self._resting_until_s:
            return None
        try:
            return await self._ask(place)
        except (httpx2.HTTPError, ValidationError) as error:
            logger.warning("no forecast could be had", extra={"error": type(error).__name__})
            self._resting_until_s = self._clock() + REST_S
            return None

    def climate(self, place: str) -> Climate | None:
        """See WeatherService."""
        if self._settings.source == "open-meteo":
            return None
        return usual_weather(place, now=datetime.now(UTC))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _ask(self, place: str) -> Forecast:
        found = await self._find(place)
        answer = await self._get(
            f"{self._settings.url}/v1/forecast",
            {
                "latitude": f"{found.latitude:.4f}",
                "longitude": f"{found.longitude:.4f}",
                "current": "temperature_2m",
                "daily": "weather_code,temperature_2m_max,temperature_2m_min,"
                "precipitation_probability_max",
                "timezone": "auto",
                "forecast_days": str(MOST_DAYS),
            },
        )
        weather = _Weather.model_validate_json(answer)
        return Forecast(
            place=found.name,
            today=weather.current.time.date(),
            now_c=weather.current.temperature_2m,
            days=weather.days(),
        )

    async def _find(self, place: str) -> _Place:
        name, _, region = (part.strip() for part in place[:100].partition(","))
        answer = await self._get(
            f"{self._settings.geocoding_url}/v1/search",
            {"name": name, "count": "10", "language": "en", "format": "json"},
        )
        # The largest comes first; "Springfield, Illinois" is one of the others.
        found = _Places.model_validate_json(answer).results
        wanted = [one for one in found if not region or one.is_in(region.casefold())] or found
        if not wanted:
            raise PlaceUnknown("no such place")
        return wanted[0]

    async def _get(self, url: str, query: dict[str, str]) -> bytes:
        if self._settings.api_key is not None:
            query["apikey"] = self._settings.api_key.get_secret_value()
        async for attempt in stamina.retry_context(
            on=_may_pass, attempts=ATTEMPTS, wait_initial=0.1, wait_max=0.5, timeout=None
        ):
            with attempt:
                async with self._client().stream("GET", url, params=query) as response:
                    response.raise_for_status()
                    return await read_at_most(response, MOST_BYTES)
        raise AssertionError("unreachable")

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            self._http = httpx2.AsyncClient(timeout=self._settings.timeout_s / ATTEMPTS)
        return self._http


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code == 429 or error.response.is_server_error
    return isinstance(error, httpx2.TransportError)
