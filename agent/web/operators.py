"""Who reads records of calls: an operator's token, and what each role may do.

A token is a JWT of its own kind, signed with PARLEY_OPERATOR_SECRET; LiveKit's are signed with
another secret and have no audience, so neither passes for the other. It travels in the header
`Authorization` alone, which no other site can make a browser send.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Literal, get_args
from urllib.parse import urlsplit

import jwt
from starlette.requests import HTTPConnection

from agent.settings import Settings
from agent.web.bearer import shown_bearer
from agent.web.refusals import Refusal

Role = Literal["viewer", "operator", "privacy_officer"]
Right = Literal["metadata", "words", "audit", "erase"]
"""`metadata`: that there was a call, how it went and what it cost. `words`: also who it was and
what was said. `audit`: who has read what. `erase`: let a caller's records be deleted.
"""

RIGHTS: Mapping[Role, frozenset[Right]] = {
    "viewer": frozenset({"metadata"}),
    "operator": frozenset({"metadata", "words"}),
    "privacy_officer": frozenset(get_args(Right)),
}
AUDIENCE = "parley-calls"
ALGORITHM = "HS256"
MAX_NAME_LENGTH = 64

_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""With any of these, the one who connects is not the one who asks."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may read records."""

    name: str
    role: Role

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"api:{self.name}"

    def may(self, right: Right) -> bool:
        """Whether their role allows it."""
        return right in RIGHTS[self.role]


DEVELOPER = Operator("developer", "privacy_officer")
"""Whoever opens the page of a development server on their own machine."""


class Operators:
    """Tells who asks.

    Args:
        secret: What tokens are signed with; None lets everybody on this machine be a privacy
            officer, and nobody else anything.
    """

    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    def require(self, request: HTTPConnection, right: Right) -> Operator:
        """The operator who asks, who has this right.

        Raises:
            Refusal: 401 without a token that is valid, 403 where the role is not enough.
        """
        operator = self._of(request)
        if not operator.may(right):
            enough = next(role for role, rights in RIGHTS.items() if right in rights)
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "role_not_enough",
                f"Your role, {operator.role}, may not do this; it takes {enough}.",
            )
        return operator

    def _of(self, request: HTTPConnection) -> Operator:
        if self._secret is not None:
            return read_token(_bearer(request), self._secret)
        if _is_on_this_machine(request):
            return DEVELOPER
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "not_on_this_machine",
            "Without PARLEY_OPERATOR_SECRET, records are shown on the server's own machine only.",
        )


def build_operators(settings: Settings) -> Operators | None:
    """Who may read; None where records are not shown at all: in production without a secret for
    tokens, and in development without one on a server that others can reach.
    """
    if settings.operators.secret is not None:
        return Operators(settings.operators.secret.get_secret_value())
    if settings.environment == "development" and _is_loopback(settings.web.host):
        return Operators(None)
    return None


def make_token(operator: Operator, secret: str, *, lasts: timedelta) -> str:
    """A token for an operator."""
    claims = {
        "sub": operator.name,
        "role": operator.role,
        "aud": AUDIENCE,
        "exp": int(time.time() + lasts.total_seconds()),
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read_token(token: str, secret: str) -> Operator:
    """The operator a token is for.

    Raises:
        Refusal: 401 for one that is not ours, or no longer valid.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["exp", "sub", "aud"], "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        raise _unknown("token_expired", "The operator's token is no longer valid.") from None
    except (jwt.PyJWTError, ValueError):  # the latter for text that is no UTF-8
        raise _not_ours() from None
    name, role = claims["sub"], claims.get("role")
    known: Role | None = next((each for each in RIGHTS if each == role), None)
    if known is None or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise _not_ours()
    return Operator(name, known)


def _bearer(request: HTTPConnection) -> str:
    token = shown_bearer(request)
    if not token:
        raise _unknown("token_missing", "Send an operator's token: Authorization: Bearer ….")
    return token


def _not_ours() -> Refusal:
    return _unknown("token_not_valid", "This is no operator's token of this server.")


def _unknown(code: str, message: str) -> Refusal:
    hint = "`python agent.py operator-token` makes one."
    return Refusal(HTTPStatus.UNAUTHORIZED, code, f"{message} {hint}")


def _is_on_this_machine(request: HTTPConnection) -> bool:
    """Whether the request comes from a page of this server in a browser on the same machine, or
    from a program there. A site that has its name lead here (DNS rebinding) shows by its Host, one
    that merely asks by its Origin.
    """
    headers = request.headers
    host = headers.get("Host", "")
    origin = headers.get("Origin")
    return (
        request.client is not None
        and _is_loopback(request.client.host)
        and _is_loopback(_host_name(host))
        and not any(name in headers for name in _FORWARDING)
        and headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        and origin in (None, f"http://{host}", f"https://{host}")
    )


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)  # as a socket for both families tells it
    return (mapped or address).is_loopback
