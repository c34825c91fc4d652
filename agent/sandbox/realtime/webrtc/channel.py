"""A session's events over a data channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import WSCloseCode
from aiortc import RTCDataChannel
from aiortc.exceptions import InvalidStateError

LABEL = "oai-events"
_MOST_BUFFERED_BYTES = 1024 * 1024
_MOST_UNREAD = 1_000
"""Frames of a client that sends faster than it is served; one that goes on so is cut off."""
_GONE = object()


class ChannelLine:
    """A Line over an open data channel."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        self._received: asyncio.Queue[object] = asyncio.Queue()
        self._drained = asyncio.Event()
        channel.on("message", self._take)
        channel.on("close", self.lost)
        channel.on("bufferedamountlow", self._drained.set)
        channel.bufferedAmountLowThreshold = _MOST_BUFFERED_BYTES // 2

    async def frames(self) -> AsyncIterator[str | None]:
        """See Line."""
        while (frame := await self._received.get()) is not _GONE:
            yield frame if isinstance(frame, str) else None

    async def send_str(self, frame: str) -> None:
        """See Line."""
        if self._channel.bufferedAmount > _MOST_BUFFERED_BYTES:
            self._drained.clear()
            await self._drained.wait()
        try:
            self._channel.send(frame)
        except InvalidStateError:
            raise ConnectionResetError("the data channel is closed") from None

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> object:
        """See Line. The channel carries neither code nor message."""
        self._channel.close()
        self.lost()
        return None

    def lost(self) -> None:
        """There is nobody at the other end any more."""
        self._received.put_nowait(_GONE)
        self._drained.set()

    def _take(self, frame: str | bytes) -> None:
        if self._received.qsize() < _MOST_UNREAD:
            self._received.put_nowait(frame)
        else:
            self.lost()
