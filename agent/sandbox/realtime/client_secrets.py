"""`POST /v1/realtime/client_secrets`: short-lived keys for browsers, each with its session."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.sandbox.answers import read_json
from agent.sandbox.errors import ApiError, invalid_fields
from agent.sandbox.realtime.beginning import Beginning
from agent.sandbox.realtime.errors import ClientError

PREFIX = "ek_"
_MOST_SECRETS = 10_000


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A key that opens sessions of one kind until it expires; those go on beyond that."""

    value: str = field(repr=False)
    expires_at: float
    beginning: Beginning


class ClientSecrets:
    """The keys that were given out.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._given: dict[str, ClientSecret] = {}

    def give(self, beginning: Beginning, *, lasts_s: int) -> ClientSecret:
        """A new key. Raises ApiError when too many are valid at once."""
        now = self._clock()
        self._given = {v: given for v, given in self._given.items() if given.expires_at > now}
        if len(self._given) >= _MOST_SECRETS:
            raise ApiError(
                429, "Too many client secrets.", type="requests", code="rate_limit_exceeded"
            )
        value = PREFIX + secrets.token_hex(16)
        given = self._given[value] = ClientSecret(value, int(now) + lasts_s, beginning)
        return given

    def find(self, value: str) -> ClientSecret | None:
        """The key of this value, while it is valid."""
        given = self._given.get(value)
        return given if given is not None and given.expires_at > self._clock() else None


SECRETS = web.AppKey("client_secrets", ClientSecrets)
"""Where handlers find them."""
GIVEN = web.RequestKey("client_secret", ClientSecret)
"""With which key a request came, if it was one of these."""


def expired() -> ApiError:
    """The answer to a key that is none, or none any more."""
    return ApiError(
        401,
        "Incorrect or expired client secret provided. Ask your server for a new one.",
        code="invalid_api_key",
    )


class _ExpiresAfter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(default=600, ge=10, le=7200)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_after: _ExpiresAfter = _ExpiresAfter()
    session: dict[str, Any] = Field(default_factory=lambda: {"type": "realtime"})


routes = web.RouteTableDef()


@routes.post("/v1/realtime/client_secrets")
async def create_client_secret(request: web.Request) -> web.Response:
    """A key for a browser, and the session that it opens."""
    try:
        body = _Body.model_validate(await read_json(request))
    except ValidationError as fault:
        raise invalid_fields(fault) from fault
    beginning = begin(body.session)
    given = request.app[SECRETS].give(beginning, lasts_s=body.expires_after.seconds)
    session = beginning.open(expires_at=0).document
    return web.json_response(
        {"value": given.value, "expires_at": int(given.expires_at), "session": session}
    )


def begin(session: dict[str, Any]) -> Beginning:
    """The beginning of a session object. Raises ApiError for one that cannot be used."""
    try:
        return Beginning.of(session)
    except ClientError as fault:
        raise ApiError(400, fault.message, param=fault.param, code=fault.code) from None
