"""What a request shows in `Authorization: Bearer`."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def shown_bearer(request: HTTPConnection) -> str:
    """The token as it was sent; empty where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
