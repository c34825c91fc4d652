"""`GET /v1/realtime`: from the HTTP request to a served connection."""

from __future__ import annotations

import asyncio

from aiohttp import web

from agent.sandbox.errors import scripted
from agent.sandbox.provider import PROVIDER
from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.client_secrets import GIVEN, ClientSecret
from agent.sandbox.realtime.connection import LIFETIME_S, Connection
from agent.sandbox.realtime.errors import ClientError
from agent.sandbox.realtime.line import SocketLine
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.session import DEFAULT_MODEL, Kind
from agent.sandbox.realtime.wire import Wire
from agent.sandbox.script import Fault

_LARGEST_FRAME_BYTES = 32 * 1024 * 1024
"""Room for 15 MiB of audio in base64: a larger append is refused in words, not by a close."""
_PING_S = 20.0
"""As often as OpenAI pings; a client that does not answer within half of it is gone."""
_BETA = "realtime=v1"


async def serve(request: web.Request, *, lifetime_s: float = LIFETIME_S) -> web.StreamResponse:
    """Upgrade to a WebSocket and serve a session on it, until either side ends it."""
    provider = request.app[PROVIDER]
    fault = provider.script.take_fault("realtime")
    if fault is not None and fault.kind == "status":
        return scripted(fault.status, fault.retry_after_s).response()
    is_silent = fault is not None and fault.kind in ("hang", "half_open")
    socket = web.WebSocketResponse(
        protocols=("realtime",),
        heartbeat=None if is_silent else _PING_S,
        max_msg_size=_LARGEST_FRAME_BYTES,
        compress=False,
    )
    await socket.prepare(request)
    if _BETA in request.headers.getall("OpenAI-Beta", ()):
        await _refuse(
            socket,
            ClientError(
                "The Realtime Beta API is not served. Leave out the OpenAI-Beta header.",
                code="beta_api_shape_disabled",
            ),
        )
        return socket
    connection = Connection(provider, beginning_of(request), lifetime_s=lifetime_s)

    def next_response() -> Fault | None:
        return provider.script.take_fault("response")

    line = SocketLine(socket)
    await connection.run(line, Wire(line, request.transport, fault, next_response))
    return socket


def beginning_of(request: web.Request) -> Beginning:
    """The session that a client secret was made for, or else the one that the query names."""
    secret: ClientSecret | None = request.get(GIVEN)
    if secret is not None:
        return secret.beginning
    kind: Kind = "transcription" if request.query.get("intent") == "transcription" else "realtime"
    return Beginning(kind, request.query.get("model") or DEFAULT_MODEL)


async def _refuse(socket: web.WebSocketResponse, error: ClientError) -> None:
    """One error event, and a close that repeats its code, as OpenAI refuses a session."""
    outbox = Outbox()
    outbox.refuse(error, event_id=None)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(outbox.drain(socket.send_str))
        await outbox.emptied()
        sending.cancel()
    await socket.close(code=4000, message=f"invalid_request_error.{error.code}".encode())


routes = web.RouteTableDef()


@routes.get("/v1/realtime")
async def realtime(request: web.Request) -> web.StreamResponse:
    """A realtime or, with `intent=transcription`, a transcription session."""
    return await serve(request)
