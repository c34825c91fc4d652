"""The endpoints that open and end calls, and the calls that go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic_core import from_json

from agent.sandbox.errors import ApiError, invalid, scripted
from agent.sandbox.form import read_form
from agent.sandbox.provider import PROVIDER
from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.client_secrets import begin
from agent.sandbox.realtime.endpoint import beginning_of
from agent.sandbox.realtime.identifiers import new_id

if TYPE_CHECKING:
    from agent.sandbox.realtime.webrtc.peer import Peer

_logger = logging.getLogger(__name__)

MOST_CALLS = 32
"""Each takes a few percent of a core while it goes on."""
_LARGEST_OFFER_BYTES = 256 * 1024


class Calls:
    """The calls that go on."""

    def __init__(self) -> None:
        self._peers: dict[str, tuple[Peer, asyncio.Task[None]]] = {}

    @property
    def is_full(self) -> bool:
        """Whether no more can be taken."""
        return len(self._peers) >= MOST_CALLS

    def __len__(self) -> int:
        return len(self._peers)

    def begin(self, peer: Peer) -> str:
        """Serve a peer that has been answered; returns the call's id."""
        call_id = new_id("rtc")
        task = asyncio.create_task(peer.serve(), name=call_id)
        self._peers[call_id] = (peer, task)
        task.add_done_callback(lambda done: self._ended(call_id, done))
        return call_id

    def hang_up(self, call_id: str) -> bool:
        """End a call; False if there is no such call."""
        found = self._peers.get(call_id)
        if found is not None:
            found[0].hang_up()
        return found is not None

    async def ended(self) -> None:
        """Wait until all that go on now have ended."""
        tasks = [task for _, task in self._peers.values()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """End all of them."""
        for _, task in self._peers.values():
            task.cancel()
        await self.ended()

    def _ended(self, call_id: str, task: asyncio.Task[None]) -> None:
        self._peers.pop(call_id, None)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _logger.error("A call failed", exc_info=fault)


CALLS = web.AppKey("realtime_calls", Calls)
"""Where handlers find them."""

routes = web.RouteTableDef()


async def keep_calls(app: web.Application) -> AsyncIterator[None]:
    """End the calls when the application ends; for `cleanup_ctx`."""
    yield
    await app[CALLS].aclose()


@routes.post("/v1/realtime/calls")
async def create_call(request: web.Request) -> web.Response:
    """Take a call: the SDP answer to an SDP offer, and the call's address."""
    provider = request.app[PROVIDER]
    fault = provider.script.take_fault("realtime")
    if fault is not None and fault.kind == "status":
        raise scripted(fault.status, fault.retry_after_s)
    offer, beginning = await _read(request)
    if request.app[CALLS].is_full:
        raise ApiError(429, "Too many calls at once.", type="requests", code="rate_limit_exceeded")
    try:
        from agent.sandbox.realtime.webrtc.peer import Order, Peer
    except ImportError:
        raise ApiError(
            501,
            "The sandbox takes WebRTC calls only with aiortc. Install the extra: `uv sync --extra"
            " webrtc`, or `pip install aiortc`; the WebSocket at /v1/realtime needs none.",
            type="server_error",
            code="webrtc_not_installed",
        ) from None
    peer = Peer(provider, Order(beginning, fault))
    answer = await peer.answer(offer)
    call_id = request.app[CALLS].begin(peer)
    return web.Response(
        status=201,
        text=answer,
        content_type="application/sdp",
        headers={"Location": f"/v1/realtime/calls/{call_id}"},
    )


@routes.post("/v1/realtime/calls/{call_id}/hangup")
async def hang_up(request: web.Request) -> web.Response:
    """End a call."""
    if not request.app[CALLS].hang_up(request.match_info["call_id"]):
        raise ApiError(404, "No call with this id goes on.", code="call_id_not_found")
    return web.Response()


async def _read(request: web.Request) -> tuple[str, Beginning]:
    """The offer, and the session it is for: of the form, of the key, or else by default."""
    beginning = beginning_of(request)
    if request.content_type == "multipart/form-data":
        parts = {name: part async for name, part in read_form(request, _LARGEST_OFFER_BYTES)}
        if "sdp" not in parts:
            raise invalid("Missing required parameter: 'sdp'.", param="sdp", code="invalid_offer")
        if "session" in parts:
            beginning = _over(beginning, parts["session"])
        return _text(parts["sdp"]), beginning
    if request.content_type != "application/sdp":
        raise ApiError(
            400,
            "Send the offer as application/sdp, or as a form with the parts sdp and session.",
            code="unsupported_content_type",
        )
    body = await request.read()
    if len(body) > _LARGEST_OFFER_BYTES:
        raise ApiError(413, "The offer is too large.", param="sdp", code="content_too_large")
    return _text(body), beginning


def _over(beginning: Beginning, part: bytes) -> Beginning:
    """The session of the key with that of the form over it, one field for the other."""
    try:
        session: Any = from_json(part, allow_inf_nan=False)
    except ValueError:
        session = None
    if not isinstance(session, dict):
        raise invalid("The part 'session' must be a JSON object.", param="session")
    return begin({**beginning.changes, "model": beginning.model, "type": "realtime", **session})


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise invalid("The offer is no text.", param="sdp", code="invalid_offer") from None
