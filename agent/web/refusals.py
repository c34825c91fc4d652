"""How this server says no: a status, a code for programs and a sentence for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from agent.errors import CallerError

MAX_FIELD_NAME_SHOWN = 60
BODY_BYTES = 1024
"""Every refusal's body is as long, so that whoever sees only the lengths of what is encrypted does
not learn from them what was wrong: whether a pass has expired, or which field was refused."""
NEVER_STORED = {"Cache-Control": "no-store"}


class Refusal(CallerError):
    """A request that is not served. `message` goes to the client as it stands: it says what to
    change and repeats nothing the client sent but short names of fields.
    """

    def __init__(
        self, status: HTTPStatus, code: str, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        """After which it is worth another try; None where that is not known."""


class RefusalForm(BaseModel):
    """A refusal as JSON."""

    code: str
    """For programs."""
    message: str
    """For people: a sentence to show."""


def answer_refusals(app: FastAPI) -> None:
    """Give every refusal of this server one shape, `{"code", "message"}`, and one length."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _refused_parameters)
    app.add_exception_handler(HTTPException, _refused_by_framework)
    app.add_exception_handler(Exception, _failed)


def shown(field: str) -> str:
    """A field's name as a message may repeat it: short and of plain characters."""
    return re.sub(r"[^\w.-]", "?", field[:MAX_FIELD_NAME_SHOWN], flags=re.ASCII)


def refusal_body(code: str, message: str) -> bytes:
    """JSON of BODY_BYTES; blanks after its end, which JSON allows, make up the length. A message
    that is too long for it is cut off.
    """
    while len(body := json.dumps({"code": code, "message": message}).encode()) > BODY_BYTES:
        message = message[: len(message) * 3 // 4] + "…"
    return body.ljust(BODY_BYTES)


class RefusalResponse(Response):
    """A refusal as it is sent."""

    media_type = "application/json"

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            refusal_body(code, message), status, headers={**NEVER_STORED, **(headers or {})}
        )


async def _refused(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this type alone
    headers = {}
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    return RefusalResponse(refusal.status, refusal.code, refusal.message, headers)


async def _refused_parameters(_request: Request, refusal: Exception) -> Response:
    """Parameters of the query that are unknown or wrong, by name and never by value."""
    assert isinstance(refusal, RequestValidationError)  # noqa: S101 - as above
    names = sorted({shown(str(fault["loc"][-1])) for fault in refusal.errors()})
    message = f"Not known, or not fit: {', '.join(names)}."
    return RefusalResponse(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message)


async def _refused_by_framework(_request: Request, refusal: Exception) -> Response:
    """Unknown paths and methods."""
    assert isinstance(refusal, HTTPException)  # noqa: S101 - registered for this type alone
    status = HTTPStatus(refusal.status_code)
    return RefusalResponse(status, status.name.lower(), f"{status.phrase}.", refusal.headers)


async def _failed(_request: Request, _fault: Exception) -> Response:
    """A mistake of ours; the framework raises it again, so that the log has it."""
    return RefusalResponse(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "This server made a mistake."
    )
