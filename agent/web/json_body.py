"""The JSON body of a request: read no further than allowed, and in time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from agent.web.refusals import Refusal

MAX_BODY_BYTES = 16 * 1024
BODY_LIMIT_S = 10.0


async def read_json_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body. Insisting on JSON makes browsers ask before another site's page may post here.

    Raises:
        Refusal: it is too long, of another type, or does not come.
    """
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            body = await _read(request, max_bytes)
    except TimeoutError:
        raise Refusal(
            HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", "The body did not come in time."
        ) from None
    except ClientDisconnect:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "body_cut_off", "The body did not come whole."
        ) from None
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and content_type != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "Send the body with Content-Type: application/json.",
        )
    return body


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body_too_large",
                f"The body must not be longer than {max_bytes} bytes.",
            )
    return bytes(body)
