"""What carries the events of one session: a WebSocket or, with media beside it, a data channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web


class Line(Protocol):
    """A connection to one client, in both directions."""

    def frames(self) -> AsyncIterator[str | None]:
        """What the client sends, until it is gone; None for what is no text."""
        ...

    async def send_str(self, frame: str) -> None:
        """Send one event. Raises ConnectionError when the client is gone."""
        ...

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> object:
        """End it; the code and the message go to a client whose line can carry them."""
        ...


class SocketLine:
    """A Line over an accepted WebSocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def frames(self) -> AsyncIterator[str | None]:
        """See Line."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                yield message.data
            elif message.type is WSMsgType.BINARY:
                yield None

    async def send_str(self, frame: str) -> None:
        """See Line."""
        await self._socket.send_str(frame)

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> object:
        """See Line."""
        return await self._socket.close(code=code, message=message)
