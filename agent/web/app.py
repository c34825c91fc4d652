"""The web server: the token endpoint, the page and their health, in one ASGI application."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from agent.settings import Settings
from agent.web.admission import Admission, admit_everyone, admit_nobody
from agent.web.calls import call_routes
from agent.web.cross_origin import CrossOriginTokens
from agent.web.health import health_routes
from agent.web.operators import build_operators
from agent.web.page import STATIC_DIR, calls_page_routes, page_routes
from agent.web.reading import build_reading
from agent.web.refusals import NEVER_STORED, Refusal, answer_refusals
from agent.web.resumption import read_resume_token, require_running
from agent.web.security_headers import SecurityHeaders
from agent.web.token_request import MAX_BODY_BYTES, read_token_request
from agent.web.tokens import Admittance, TokenMint


def create_app(
    settings: Settings, *, admission: Admission | None = None, static_dir: Path = STATIC_DIR
) -> FastAPI:
    """The application.

    Args:
        settings: Its LiveKit and web groups are used, and those that say who may read records.
        admission: Who may have a token. Default: everyone in development, nobody in production.
        static_dir: Where the built page lies.

    Raises:
        SettingsError: records are shown, and their database or keys cannot be used.
    """
    if admission is None:
        admission = admit_nobody if settings.environment == "production" else admit_everyone
    mint = TokenMint(settings.livekit, ttl_s=settings.web.token_ttl_s)
    # FastAPI's own documentation pages load scripts from elsewhere.
    app = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url=None)
    answer_refusals(app)
    if settings.web.cors_origins:
        app.add_middleware(CrossOriginTokens, origins=settings.web.cors_origins)
    app.add_middleware(SecurityHeaders, livekit_url=settings.livekit.client_url)
    app.include_router(health_routes(settings.livekit.url))
    app.include_router(page_routes(static_dir))
    _add_token_endpoints(app, mint, admission)
    if (operators := build_operators(settings)) is not None:
        app.include_router(calls_page_routes(static_dir))
        app.include_router(call_routes(operators, build_reading(settings)))
    return app


def _add_token_endpoints(app: FastAPI, mint: TokenMint, admission: Admission) -> None:
    """`POST /api/token`: LiveKit's TokenSource endpoint contract, with one field more.
    `POST /api/token/resume`: back into the call that this field proves, while it goes on.
    """

    def admitted(admittance: Admittance) -> JSONResponse:
        return JSONResponse(
            {"server_url": mint.livekit.client_url, **asdict(admittance)},
            HTTPStatus.CREATED,
            headers=NEVER_STORED,
        )

    @app.post("/api/token")
    async def token(request: Request) -> JSONResponse:
        await admission(request)
        asked = read_token_request(await _json_body(request), agent_name=mint.livekit.agent_name)
        return admitted(mint.begin(asked))

    @app.post("/api/token/resume")
    async def resume(request: Request) -> JSONResponse:
        await admission(request)
        seat = mint.seat(read_resume_token(await _json_body(request)))
        await require_running(seat, mint.livekit)
        return admitted(mint.resume(seat))


async def _json_body(request: Request) -> bytes:
    """The body, read no further than allowed. Raises Refusal for one too long or of another type.

    Insisting on JSON makes browsers ask before another site's page may post here.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body_too_large",
                f"The body must not be longer than {MAX_BODY_BYTES} bytes.",
            )
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and content_type != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "Send the body with Content-Type: application/json.",
        )
    return bytes(body)
