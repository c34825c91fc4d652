"""The page as vite built it, or a note that says how to build it."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).parent / "static"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Parley</title>
<h1>The page is not built yet</h1>
<p>Install Node.js 20.19 or newer with npm, run <code>./scripts/build-client</code> in the project's
folder, and load this page again. The worker and <code>POST /api/token</code> work without it, so
any other LiveKit client can call meanwhile.</p>
</html>
"""


def page_routes(static_dir: Path = STATIC_DIR) -> APIRouter:
    """`/` and the files it loads. The page may be built or rebuilt while the server runs."""
    routes = APIRouter()

    @routes.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> Response:
        return _page(static_dir / "index.html")

    routes.mount("/assets", _HashedFiles(directory=static_dir / "assets", check_dir=False))
    return routes


def calls_page_routes(static_dir: Path = STATIC_DIR) -> APIRouter:
    """`/calls`, where operators read records of calls. The page itself holds nothing of them."""
    routes = APIRouter()

    @routes.api_route("/calls", methods=["GET", "HEAD"], include_in_schema=False)
    async def calls_page() -> Response:
        return _page(static_dir / "calls.html")

    return routes


def _page(file: Path) -> Response:
    headers = {"Cache-Control": "no-cache"}
    # One stat of a local file; a thread would cost more than it saves.
    if not file.is_file():
        return HTMLResponse(_NOT_BUILT, headers=headers)
    return FileResponse(file, headers=headers)


class _HashedFiles(StaticFiles):
    """Files with a hash of their content in the name: a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
