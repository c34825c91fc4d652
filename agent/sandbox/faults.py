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

_AT_ONCE = ("status", "hang", "keep_alive", "empty")
"""Faults that take the place of the answer."""

_COMMENT_PAUSE_S = 0.5

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
        if fault.kind in _AT_ONCE or not (fault.after_s or fault.after_events):
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
        case "keep_alive":
            await _send_comments(request)
        case "empty":
            return _nothing(request)
        case "drop" if transport is not None:
            transport.abort()
        case "close" if transport is not None:
            transport.close()
        case "half_open":
            if isinstance(transport, asyncio.ReadTransport):
                transport.pause_reading()
            await _for_ever()
    return begun or web.Response()


async def _send_comments(request: web.Request) -> Never:
    """Comments of a stream, until the client goes; to what is no stream they are white space."""
    kind = "text/event-stream" if request.path.endswith("completions") else "application/json"
    stream = web.StreamResponse(headers={"Content-Type": kind})
    await stream.prepare(request)
    while True:
        await stream.write(b": keep-alive\n\n" if kind == "text/event-stream" else b" ")
        await asyncio.sleep(_COMMENT_PAUSE_S)


def _nothing(request: web.Request) -> web.Response:
    match ENDPOINTS[request.path]:
        case "chat":
            return web.Response(body=b"data: [DONE]\n\n", content_type="text/event-stream")
        case "transcriptions":
            return web.json_response({"text": ""})
        case _:
            return web.Response(body=b"", content_type="audio/pcm")


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
