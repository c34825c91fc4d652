"""Who may have a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Request

from agent.web.refusals import Refusal

Admission = Callable[[Request], Awaitable[None]]
"""Returns for a request that may have a token; raises Refusal for one that may not."""


async def admit_everyone(_request: Request) -> None:
    """For development: whoever reaches the server may call."""


async def admit_nobody(_request: Request) -> None:
    """For production until the operator says who may call: each call costs money."""
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "no_admission_rule",
        "This server has no rule yet that says who may call, so nobody may.",
    )
