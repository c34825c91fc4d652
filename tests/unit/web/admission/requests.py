"""Requests as rules of admission see them."""

from __future__ import annotations

from fastapi import Request

from agent.web.admission import Admission, Admitted
from agent.web.refusals import Refusal


def request(*, peer: str = "203.0.113.9", **headers: str) -> Request:
    """A POST from a peer; `X_Forwarded_For="…"` is the header X-Forwarded-For."""
    pairs = [(name.replace("_", "-").lower(), value) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "path": "/api/token",
            "headers": [(name.encode(), value.encode()) for name, value in pairs],
            "client": (peer, 40_000),
        }
    )


def with_pass(value: str) -> Request:
    """A request that shows a pass."""
    return request(Authorization=f"Bearer {value}")


async def answer(rule: Admission, asked: Request) -> Admitted | str:
    """Who is admitted, or the code of the refusal."""
    try:
        return await rule(asked)
    except Refusal as refusal:
        return refusal.code
