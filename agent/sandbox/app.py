"""The web application: OpenAI's URLs, the key, errors in OpenAI's shape, health and control."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from agent.sandbox import chat, dialogue, models, realtime, speech, transcription
from agent.sandbox.answers import ARRIVED_S, answer_of, read_json
from agent.sandbox.ears import EarsError
from agent.sandbox.errors import ApiError, from_http, invalid_fields, wrong_key
from agent.sandbox.faults import play_faults
from agent.sandbox.provider import PROVIDER, Provider
from agent.sandbox.realtime import client_secrets, webrtc
from agent.sandbox.script import Plan
from agent.sandbox.voices import VoicesError

_logger = logging.getLogger(__name__)

_LARGEST_REQUEST_BYTES = 26 * 1024 * 1024
"""OpenAI's 25 MB for a file, and the form around it."""

_OPEN_CONNECTIONS_END_WITHIN_S = 0.5

_KEY_PROTOCOL = "openai-insecure-api-key."
_OF_CLIENTS = re.compile(r"/v1/realtime(/calls(/.*)?)?")
"""What a client secret opens; it makes no others."""

WARMING = web.AppKey("warming", asyncio.Task[bool])
"""The task that loads the engines; it tells whether speech can be served."""


def build_app(
    provider: Provider, *, api_key: str | None = None, control: bool = False
) -> web.Application:
    """The sandbox as an application. Its engines warm up in the background once it starts.

    Args:
        provider: Ears, voices and script; closed when the application ends.
        api_key: What clients must send as a bearer token; None accepts any and none.
        control: Whether `/control` may read and replace the script.
    """
    app = web.Application(
        middlewares=[
            _answer_errors,
            webrtc.answer_preflight,
            _require_key(api_key),
            play_faults,
        ],
        client_max_size=_LARGEST_REQUEST_BYTES,
    )
    app[PROVIDER] = provider
    app[client_secrets.SECRETS] = client_secrets.ClientSecrets()
    app[webrtc.CALLS] = webrtc.Calls()
    for part in (chat, client_secrets, models, realtime, speech, transcription, webrtc):
        app.add_routes(part.routes)
    app.router.add_get("/healthz", _health)
    if control:
        app.router.add_get("/control", _show_control)
        app.router.add_post("/control", _change_control)
    app.cleanup_ctx.extend((_engines, webrtc.keep_calls))
    app.on_response_prepare.extend((_name_request, webrtc.allow_origins))
    return app


async def serve(app: web.Application, *, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Listen, and return the runner, whose `cleanup` stops it, and the port, which the system
    chooses for 0. Raises OSError if the port is taken.
    """
    runner = web.AppRunner(
        app,
        # A client that leaves stops what was being made for it.
        handler_cancellation=True,
        shutdown_timeout=_OPEN_CONNECTIONS_END_WITHIN_S,
        access_log=None,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, runner.addresses[0][1]


async def _engines(app: web.Application) -> AsyncIterator[None]:
    provider = app[PROVIDER]
    app[WARMING] = asyncio.create_task(_warm(provider), name="warm-engines")
    yield
    app[WARMING].cancel()
    await asyncio.wait([app[WARMING]])
    provider.ears.close()


async def _warm(provider: Provider) -> bool:
    """Load the engines, so that the first caller does not wait. Returns whether they work."""
    try:
        await provider.voices.warm()
        await asyncio.to_thread(dialogue.warm)
        await provider.ears.warm()
    except (EarsError, VoicesError) as fault:
        _logger.error("The sandbox is not fit for speech: %s", fault)  # noqa: TRY400 - no trace
        return False
    _logger.info("Speaking with %s, recognising with %s", provider.voices.name, provider.ears.name)
    return True


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[ARRIVED_S] = asyncio.get_running_loop().time()
    try:
        return await handler(request)
    except ApiError as error:
        return error.response()
    except web.HTTPException as refusal:
        return from_http(refusal, request).response()
    except (EarsError, VoicesError) as fault:
        return ApiError(503, str(fault), type="server_error").response()
    except ConnectionError:
        raise  # the client has gone; there is nobody to answer
    except Exception:
        _logger.exception("A request failed", extra={"path": request.path})
        if answer_of(request) is not None and request.transport is not None:
            request.transport.abort()
        return ApiError(
            500, "The sandbox failed; its log says why.", type="server_error"
        ).response()


def _require_key(api_key: str | None) -> Middleware:
    @web.middleware
    async def require_key(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = _given_key(request)
        if given.startswith(client_secrets.PREFIX) and _OF_CLIENTS.fullmatch(request.path):
            secret = request.app[client_secrets.SECRETS].find(given)
            if secret is None:
                raise client_secrets.expired()
            request[client_secrets.GIVEN] = secret
        elif api_key is not None and request.path != "/healthz":
            known = given.encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(known, api_key.encode()):
                raise wrong_key()
        return await handler(request)

    return require_key


def _given_key(request: web.Request) -> str:
    """The bearer token; a browser, which cannot send one with a WebSocket, names a subprotocol."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    offered = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    keys = (name.strip() for name in offered)
    return next((k.removeprefix(_KEY_PROTOCOL) for k in keys if k.startswith(_KEY_PROTOCOL)), "")


async def _name_request(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("x-request-id", f"req_{secrets.token_hex(16)}")


async def _health(request: web.Request) -> web.Response:
    """200 once speech can be served at once, until then 503."""
    provider, warming = request.app[PROVIDER], request.app[WARMING]
    if not warming.done():
        status, state = 503, "starting"
    elif warming.result():
        status, state = 200, "ok"
    else:
        status, state = 503, "failed"
    engines = {"ears": provider.ears.name, "voices": provider.voices.name}
    return web.json_response({"status": state, **engines}, status=status)


async def _show_control(request: web.Request) -> web.Response:
    """How many requests came to each endpoint, and what of the script was played."""
    script = request.app[PROVIDER].script
    return web.json_response({"requests": script.requests, "taken": script.taken})


async def _change_control(request: web.Request) -> web.Response:
    """Start over with the plan in the body."""
    try:
        plan = Plan.model_validate(await read_json(request))
    except ValidationError as fault:
        raise invalid_fields(fault) from fault
    request.app[PROVIDER].script.load(plan)
    return await _show_control(request)
