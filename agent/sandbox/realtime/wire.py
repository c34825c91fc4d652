"""The last step before the line, where a scripted fault befalls the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Never

from aiohttp import WSCloseCode

from agent.sandbox.realtime.line import Line
from agent.sandbox.script import Fault

_GARBAGE = ('{"type": "response.output_aud', '{"type": "sandbox.garbage", "event_id": 7}')
"""Cut JSON, and JSON that is no event."""

_RESPONSE_BEGINS = '{"type": "response.created"'
_AUDIO = '{"type": "response.output_audio.delta"'


class Wire:
    """Sends frames until its fault strikes.

    Without `after_events` or `after_s` a fault strikes before the first event. Garbage is sent once
    and the session goes on; a hung one still reads; a half-open one does neither. A fault of a
    response counts from its first event; when it is empty, its audio alone is left out.
    """

    def __init__(
        self,
        line: Line,
        transport: asyncio.Transport | None,
        fault: Fault | None,
        next_response: Callable[[], Fault | None] = lambda: None,
    ) -> None:
        self._line = line
        self._transport = transport
        self._fault = fault
        self._next_response = next_response
        self._sent = 0
        self._is_cut = False
        self._is_mute = False

    async def send(self, frame: str) -> None:
        """Send one event. Raises ConnectionError when the client is gone, or the script cuts it."""
        if frame.startswith(_RESPONSE_BEGINS):
            self._is_mute = False
            if (fault := self._next_response()) is not None:
                self._fault, self._sent = fault, 0
        if self._sent == 0:
            await self._strike_if_due()
        if self._is_cut:
            await _for_ever()
        if not (self._is_mute and frame.startswith(_AUDIO)):
            await self._line.send_str(frame)
        self._sent += 1
        await self._strike_if_due()

    async def watch(self) -> None:
        """Let a fault that has a time strike at it."""
        if self._fault is not None and self._fault.after_s is not None:
            await asyncio.sleep(self._fault.after_s)
            await self._strike(self._fault)

    async def _strike_if_due(self) -> None:
        if self._fault is not None and self._sent == _strikes_after(self._fault):
            await self._strike(self._fault)

    async def _strike(self, fault: Fault) -> None:
        match fault.kind:
            case "garbage":
                for frame in _GARBAGE:
                    await self._line.send_str(frame)
            case "drop":
                if self._transport is not None:
                    self._transport.abort()
                raise ConnectionAbortedError("dropped by the script")
            case "close":
                await self._line.close(code=WSCloseCode.GOING_AWAY)
                raise ConnectionAbortedError("closed by the script")
            case "empty":
                self._is_mute = True
            case "half_open" | "hang":
                self._is_cut = True
                if fault.kind == "half_open" and self._transport is not None:
                    self._transport.pause_reading()
                await _for_ever()


def _strikes_after(fault: Fault) -> int | None:
    """How many events come before the fault; None if a time decides."""
    if fault.after_events is None and fault.after_s is not None:
        return None
    return fault.after_events or 0


async def _for_ever() -> Never:
    await asyncio.Event().wait()
    raise AssertionError
