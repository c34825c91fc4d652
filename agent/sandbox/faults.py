"""Faults over HTTP, played on the raw connection as a script asks."""

from __future__ import annotations

import asyncio
from typing import Never

from aiohttp import web
from aiohttp.typedefs import Handler

from agent.sandbox.answers import FAULT, FaultDueError, answer_of
from agent.sandbox.errors import scripted
from agent.sandbox.provider import PROVIDER
from agent.sandbox.script import Endpoint, Fault

ENDPOINTS: dict[str, Endpoint] = {
    "/v1/chat/completions": "chat",
    "/v1/audio/speech": "speech",
    "/v1/audio/transcriptions": "transcriptions",
}

_GARBAGE = b'data: {"id": \x00\xff\xfe <not json>\n\n'


@web.middleware
async def play_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the script's fault befall this request.

    Without `after_events` or `after_s` it strikes before anything is answered. `after_events`
    counts a stream's chunks; an answer that is sent whole has none, so nothing befalls it.
    """
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None or request.method != "POST":
        return await handler(request)
    fault = request.app[PROVIDER].script.take_fault(endpoint)
    if fault is None:
        return await handler(request)
    request[FAULT] = fault
    try:
        if fault.kind in ("status", "hang") or not (fault.after_s or fault.after_events):
            await asyncio.sleep(fault.after_s or 0)
            return await _strike(request, fault)
        async with asyncio.timeout(fault.after_s):
            return await handler(request)
    except (TimeoutError, FaultDueError):
        return await _strike(request, fault)


async def _strike(request: web.Request, fault: Fault) -> web.StreamResponse:
    transport, begun = request.transport, answer_of(request)
    match fault.kind:
        case "status":
            raise scripted(fault.status, fault.retry_after_s)
        case "hang":
            await _for_ever()
        case "garbage":
            return await _send_garbage(request)
        case "drop" if transport is not None:
            transport.abort()
        case "close" if transport is not None:
            transport.close()
        case "half_open":
            if isinstance(transport, asyncio.ReadTransport):
                transport.pause_reading()
            await _for_ever()
    return begun or web.Response()


async def _send_garbage(request: web.Request) -> web.StreamResponse:
    stream = answer_of(request)
    if stream is None:
        return web.Response(body=_GARBAGE, content_type="application/json")
    await stream.write(_GARBAGE)
    await stream.write_eof()
    return stream


async def _for_ever() -> Never:
    """Until the server stops or, while it still reads, the client goes."""
    await asyncio.Event().wait()
    raise AssertionError
