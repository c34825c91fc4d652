"""An HTTP server on this machine that answers as a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    """Path and query as they were written."""
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class FakeWeb:
    """What was asked of the server, and where it is."""

    host: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}"


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[FakeWeb]:
    """A server that answers everything with `answer`."""
    fake = FakeWeb()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.json() if request.content_type == "application/json" else None
        fake.asked.append(
            Asked(
                request.method,
                request.raw_path,
                dict(request.query),
                dict(request.headers),
                body,
            )
        )
        return await answer(cast("web.Request", request))

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        fake.host = f"127.0.0.1:{runner.addresses[0][1]}"
        yield fake
    finally:
        await runner.cleanup()
