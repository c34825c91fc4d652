"""How answers leave: JSON whole, streams chunk by chunk, both when the script says it is time."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from pydantic import BaseModel
from pydantic_core import from_json

from agent.sandbox.errors import ApiError
from agent.sandbox.script import Fault

ARRIVED_S = web.RequestKey("arrived_s", float)
"""When the request came, on the event loop's clock."""

FAULT = web.RequestKey("fault", Fault)
"""The scripted fault that waits for a stream's chunks, if there is one."""

_STREAM = web.RequestKey("stream", web.StreamResponse)


class FaultDueError(Exception):
    """The scripted fault's moment has come."""


async def read_json(request: web.Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object. Raises ApiError."""
    body = await request.read()
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError as fault:
        raise ApiError(
            400, f"We could not parse the JSON body of your request: {fault}."
        ) from fault
    if not isinstance(parsed, dict):
        raise ApiError(400, "The body of your request must be a JSON object.")
    return parsed


def json_answer(model: BaseModel) -> web.Response:
    """A whole answer. Fields that were never set stay out, as in OpenAI's own answers."""
    return web.Response(
        text=model.model_dump_json(exclude_unset=True), content_type="application/json"
    )


async def hold_until(request: web.Request, delay_s: float | None) -> None:
    """Wait until `delay_s` after the request came; None waits for nothing."""
    if delay_s is not None:
        moment = request[ARRIVED_S] + delay_s
        await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


def answer_of(request: web.Request) -> web.StreamResponse | None:
    """The stream that answers the request, once it has begun."""
    begun: web.StreamResponse | None = request.get(_STREAM)
    return begun


class ChunkedAnswer:
    """A streamed answer, as an async context manager: leaving it ends the body."""

    def __init__(self, request: web.Request, content_type: str) -> None:
        self._request = request
        self.response = web.StreamResponse(
            headers={"Content-Type": content_type, "Cache-Control": "no-cache"}
        )
        self._sent = 0

    async def __aenter__(self) -> Self:
        self._request[_STREAM] = self.response
        await self.response.prepare(self._request)
        return self

    async def send(self, chunk: bytes) -> None:
        """Write one chunk. Raises FaultDueError when the script lets no more out, and
        ConnectionError when the client has gone.
        """
        fault = self._request.get(FAULT)
        if fault is not None and fault.after_events is not None:
            if self._sent >= fault.after_events:
                raise FaultDueError
            self._sent += 1
        await self.response.write(chunk)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.response.write_eof()


class EventStream(ChunkedAnswer):
    """Server-sent events."""

    def __init__(self, request: web.Request) -> None:
        super().__init__(request, "text/event-stream; charset=utf-8")

    async def event(self, model: BaseModel) -> None:
        """Send one event whose data is this model in JSON."""
        await self.send(b"data: %b\n\n" % model.model_dump_json(exclude_unset=True).encode())

    async def done(self) -> None:
        """Send the mark that ends a stream of chat completions."""
        await self.send(b"data: [DONE]\n\n")
