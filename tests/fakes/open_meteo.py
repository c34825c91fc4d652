"""A server that speaks as Open-Meteo does."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from aiohttp import web

TODAY = date(2026, 3, 2)

SPRINGFIELDS = (
    {"name": "Springfield", "admin1": "Missouri", "latitude": 37.2, "longitude": -93.3},
    {"name": "Springfield", "admin1": "Illinois", "latitude": 39.8, "longitude": -89.6},
)
PARIS = {
    "name": "Paris",
    "admin1": "Île-de-France",
    "country": "France",
    "country_code": "FR",
    "latitude": 48.85,
    "longitude": 2.35,
}


async def answer(request: web.Request) -> web.Response:
    """Places and forecasts; the last day lacks a value, as the farthest days do."""
    if request.path == "/v1/search":
        name = request.query["name"].lower()
        found = {"paris": (PARIS,), "springfield": SPRINGFIELDS}.get(name, ())
        return web.json_response({"results": list(found)} if found else {"generationtime_ms": 0.1})
    return web.json_response(forecast())


def forecast() -> dict[str, Any]:
    """Three days."""
    days = [TODAY + timedelta(number) for number in range(3)]
    return {
        "latitude": 48.86,
        "timezone": "Europe/Paris",
        "current_units": {"temperature_2m": "°C"},
        "current": {"time": "2026-03-02T14:15", "interval": 900, "temperature_2m": 7.6},
        "daily": {
            "time": [day.isoformat() for day in days],
            "weather_code": [61, 0, None],
            "temperature_2m_max": [11.2, 12.0, 9.0],
            "temperature_2m_min": [3.6, -0.6, None],
            "precipitation_probability_max": [60, None, 10],
        },
    }
