"""Page, headers and health of the web server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web
from fastapi.testclient import TestClient

from agent.web.app import create_app
from tests.integration.web.conftest import web_settings


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/token", "/nowhere"])
def test_every_answer_keeps_the_page_to_itself(client: TestClient, path: str) -> None:
    """No foreign scripts, no framing, no sniffing, no referrer, and the microphone for us alone."""
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws://127.0.0.1:7880 http://127.0.0.1:7880" in policy
    assert "frame-ancestors 'none'" in policy
    assert "microphone=(self)" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_without_a_built_page_the_visitor_learns_how_to_build_it(tmp_path: Path) -> None:
    """The token endpoint serves, and `/` names the command, until the page is there."""
    client = TestClient(create_app(web_settings(), static_dir=tmp_path))
    assert "./scripts/build-client" in client.get("/").text
    assert client.post("/api/token").status_code == HTTPStatus.CREATED
    (tmp_path / "index.html").write_text("<!doctype html><title>built</title>")
    assert "built" in client.get("/").text


def test_built_files_are_kept_by_browsers_and_the_page_is_not(tmp_path: Path) -> None:
    """Files named by their content may be cached for ever; the page that names them may not."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "index.html").write_text("<!doctype html>")
    client = TestClient(create_app(web_settings(), static_dir=tmp_path))
    assert "immutable" in client.get("/assets/index-1a2b.js").headers["Cache-Control"]
    assert client.get("/").headers["Cache-Control"] == "no-cache"
    assert client.get("/assets/missing.js").status_code == HTTPStatus.NOT_FOUND


def test_a_living_process_is_healthy_even_when_it_cannot_serve(
    client_of: Callable[..., TestClient],
) -> None:
    """Liveness asks nothing of others; readiness says what is missing."""
    client = client_of(LIVEKIT_URL="ws://127.0.0.1:9")
    assert client.get("/healthz").status_code == HTTPStatus.OK
    answer = client.get("/readyz")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json() == {"ready": False, "livekit": "cannot be reached"}


@pytest.mark.parametrize(("status", "ready"), [(200, True), (406, False)])
async def test_readiness_follows_the_livekit_server(
    client_of: Callable[..., TestClient], status: int, ready: bool
) -> None:
    """Ready while the server's root answers 200; it says 406 of itself when it is unfit."""

    async def root(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/", root)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        client = client_of(LIVEKIT_URL=f"ws://127.0.0.1:{port}")
        answer = await asyncio.to_thread(client.get, "/readyz")
    finally:
        await runner.cleanup()
    assert answer.json()["ready"] is ready
