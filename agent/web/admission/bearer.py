"""The pass that a client shows in `Authorization: Bearer`."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import HTTPConnection

from agent.web.bearer import shown_bearer
from agent.web.refusals import Refusal

EXPIRED_CODE = "pass_expired"
MAX_PASS_LENGTH = 8 * 1024
"""Far above any JWT that a browser could carry in a header."""


def bearer_of(request: HTTPConnection) -> str:
    """The pass as it was sent.

    Raises:
        Refusal: 401 where there is none.
    """
    value = shown_bearer(request)
    if not value:
        raise unauthorized("pass_missing", "You need a pass to call; please sign in first.")
    if len(value) > MAX_PASS_LENGTH:
        raise not_valid()
    return value


def not_valid() -> Refusal:
    """The refusal of a pass that is not what it should be; why is not told."""
    return unauthorized("pass_not_valid", "Your pass is not valid; please get a new one.")


def expired() -> Refusal:
    """The refusal of a pass that was good once."""
    return unauthorized(EXPIRED_CODE, "Your pass has expired; please get a new one.")


def unauthorized(code: str, message: str) -> Refusal:
    """A refusal that a pass would mend."""
    return Refusal(HTTPStatus.UNAUTHORIZED, code, message)
