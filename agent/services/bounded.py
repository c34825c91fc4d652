"""Bodies of HTTP answers, of which no more is read than is wanted."""

from __future__ import annotations

import httpx2


async def read_at_most(response: httpx2.Response, limit_bytes: int) -> bytes:
    """The body of a streamed answer, or as much of it as the limit allows."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit_bytes:
            return bytes(body[:limit_bytes])
    return bytes(body)
