"""Whether the process lives (`/healthz`) and whether it can serve a call (`/readyz`)."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from agent.web.refusals import NEVER_STORED

READINESS_TIMEOUT_S = 1.0


def health_routes(livekit_url: str) -> APIRouter:
    """The routes `/healthz` and `/readyz`; ready means that the LiveKit server answers."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok"}, headers=NEVER_STORED)

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        fault = await _livekit_fault(http_origin(livekit_url))
        return JSONResponse(
            {"ready": fault is None, "livekit": fault or "ok"},
            HTTPStatus.OK if fault is None else HTTPStatus.SERVICE_UNAVAILABLE,
            headers=NEVER_STORED,
        )

    return routes


def http_origin(websocket_url: str) -> str:
    """The http or https origin of a ws or wss URL."""
    parts = urlsplit(websocket_url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, "", "", ""))


async def _livekit_fault(origin: str) -> str | None:
    """What is wrong with the LiveKit server, or None. Its root answers 200 while it takes calls,
    and 406 while its node is unfit.
    """
    timeout = aiohttp.ClientTimeout(total=READINESS_TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(origin) as answer:
            if answer.status == HTTPStatus.OK:
                return None
            return f"answers {answer.status}"
    except (TimeoutError, aiohttp.ClientError):
        return "cannot be reached"
