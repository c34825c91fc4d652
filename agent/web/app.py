"""The web server: the token endpoint, the page and their health, in one ASGI application."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from agent.settings import Settings
from agent.web.admission import Admission
from agent.web.calls import call_routes
from agent.web.cross_origin import CrossOriginTokens
from agent.web.direct import direct_routes, provider_origin
from agent.web.direct.routes import DirectMode
from agent.web.doors import build_doors
from agent.web.event_schema import event_schema_routes
from agent.web.health import health_routes
from agent.web.offer import Mode, build_offer, offer_routes
from agent.web.operators import build_operators
from agent.web.page import STATIC_DIR, calls_page_routes, page_routes
from agent.web.reading import build_reading
from agent.web.refusals import RefusalForm, answer_refusals
from agent.web.security_headers import SecurityHeaders
from agent.web.token_routes import token_routes
from agent.web.tokens import TokenMint


def create_app(
    settings: Settings,
    *,
    admission: Admission | None = None,
    direct: DirectMode | None = None,
    static_dir: Path = STATIC_DIR,
) -> FastAPI:
    """The application.

    Args:
        settings: Its LiveKit and web groups are used, and those that say who may read records.
        admission: Who may call. Default: what the settings say; in development, everyone.
        direct: What direct calls are taken with; None takes none.
        static_dir: Where the built page lies.

    Raises:
        SettingsError: they do not say in production who may call; records are shown, and their
            database or keys cannot be used; or a persona is offered that is none.
    """
    doors = build_doors(settings, admission)
    mint = TokenMint(settings.livekit, ttl_s=settings.web.token_ttl_s)
    # FastAPI's own documentation pages load scripts from elsewhere.
    app = FastAPI(
        title="Parley",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={"4XX": {"model": RefusalForm, "description": "It is not served, and why."}},
    )
    answer_refusals(app)
    if settings.web.cors_origins:
        app.add_middleware(CrossOriginTokens, origins=settings.web.cors_origins)
    app.add_middleware(
        SecurityHeaders,
        livekit_url=settings.livekit.client_url,
        origins=[provider_origin(settings)] if direct is not None else [],
    )
    app.include_router(health_routes(settings.livekit.url))
    app.include_router(page_routes(static_dir))
    modes: tuple[Mode, ...] = ("room",) if direct is None else ("room", "direct")
    app.include_router(offer_routes(build_offer(settings, modes=modes)))
    app.include_router(token_routes(mint, doors))
    if direct is not None:
        app.include_router(direct_routes(direct, doors))
    app.include_router(event_schema_routes())
    if (operators := build_operators(settings)) is not None:
        app.include_router(calls_page_routes(static_dir))
        app.include_router(call_routes(operators, build_reading(settings)))
    return app
