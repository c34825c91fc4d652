"""Other sites' pages may ask for tokens to join a call, and for nothing else of this server."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

RESUME_HEADER = "Parley-Resume-Token"
"""For clients whose body is not theirs to add to, such as LiveKit's TokenSource."""
OPEN_PATHS = ("/api/token", "/api/token/resume")


class CrossOriginTokens:
    """Lets the pages of some origins use the token endpoint of the application within."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type", RESUME_HEADER],
            expose_headers=["Retry-After"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_open = scope["type"] == "http" and scope["path"] in OPEN_PATHS
        await (self._open if is_open else self._app)(scope, receive, send)
