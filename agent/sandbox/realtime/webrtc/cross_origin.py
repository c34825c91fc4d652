"""Pages of any site may open calls: what they may do is in their key, never in a cookie."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

_PATH = "/v1/realtime/calls"
_HOUR_S = 3600


@web.middleware
async def answer_preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser that asks before it posts."""
    if request.method != "OPTIONS" or not _is_open(request):
        return await handler(request)
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": wanted,
            "Access-Control-Max-Age": str(_HOUR_S),
        },
    )


async def allow_origins(request: web.Request, response: web.StreamResponse) -> None:
    """Let a page read the answer, a refusal included; for `on_response_prepare`."""
    if _is_open(request):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Location, x-request-id"


def _is_open(request: web.Request) -> bool:
    return request.path == _PATH or request.path.startswith(f"{_PATH}/")
