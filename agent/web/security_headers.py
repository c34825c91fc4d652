"""Headers that keep the page to its own scripts, its LiveKit server and its microphone."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.web.health import http_origin


class SecurityHeaders:
    """Adds the headers to every answer of the application within."""

    def __init__(self, app: ASGIApp, *, livekit_url: str, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_security_policy(livekit_url, origins),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "microphone=(self), camera=(), display-capture=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def content_security_policy(livekit_url: str, origins: Sequence[str] = ()) -> str:
    """The policy of a page that calls through the LiveKit server at this ws or wss URL, and may ask
    these origins too. The http origin is there because the client asks it why a WebSocket was
    refused.
    """
    parts = urlsplit(livekit_url)
    livekit = f"{parts.scheme}://{parts.netloc} {http_origin(livekit_url)}"
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("connect-src 'self'", livekit, *origins)),
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
