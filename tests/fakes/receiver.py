"""An operator's server that receives webhooks, on this machine."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "whsec_" + base64.b64encode(b"a key for tests, 32 bytes long .").decode()
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """What it tells."""
        told: dict[str, Any] = json.loads(self.body)
        return told

    def is_signed(self, secret: str = SECRET) -> bool:
        """As a receiver of Standard Webhooks looks at it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        id_, sent_at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = f"{id_}.{sent_at}.".encode() + self.body
        wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        given = self.headers["webhook-signature"].split(" ")
        return any(hmac.compare_digest(f"v1,{wanted}", each) for each in given)


@dataclass
class Receiver:
    """What came, and what is answered: the planned answers first, then 204."""

    host: str = ""
    received: list[Received] = field(default_factory=list)
    plan: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    hold: asyncio.Event | None = None
    """What is waited for before any answer."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://{self.host}/hooks"

    @property
    def sequences(self) -> list[int]:
        """The events that came, in order."""
        return [it.event["sequence"] for it in self.received]

    def answers(self, *plan: int | tuple[int, dict[str, str]]) -> None:
        """Answer so at first."""
        self.plan += [(it, {}) if isinstance(it, int) else it for it in plan]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds of what came."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        body = await request.read()
        self.received.append(Received(request.path, dict(request.headers), body))
        self._changed.set()
        if self.hold is not None:
            await self.hold.wait()
        status, headers = self.plan.popleft() if self.plan else (204, {})
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A server that receives webhooks."""
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.take))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.host = f"127.0.0.1:{runner.addresses[0][1]}"
        yield receiver
    finally:
        if receiver.hold is not None:
            receiver.hold.set()
        await runner.cleanup()
