"""How this server says no: a status, a code for programs and a sentence for people."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.errors import CallerError

MAX_FIELD_NAME_SHOWN = 60
NEVER_STORED = {"Cache-Control": "no-store"}


class Refusal(CallerError):
    """A request that is not served. `message` goes to the client as it stands: it says what to
    change and repeats nothing the client sent but short names of fields.
    """

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer_refusals(app: FastAPI) -> None:
    """Give every refusal of this server one shape: `{"code", "message"}`."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _refused_parameters)
    app.add_exception_handler(HTTPException, _refused_by_framework)


def shown(field: str) -> str:
    """A field's name as a message may repeat it: short and of plain characters."""
    return re.sub(r"[^\w.-]", "?", field[:MAX_FIELD_NAME_SHOWN], flags=re.ASCII)


async def _refused(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this type alone
    headers = dict(NEVER_STORED)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        {"code": refusal.code, "message": refusal.message}, refusal.status, headers=headers
    )


async def _refused_parameters(_request: Request, refusal: Exception) -> JSONResponse:
    """Parameters of the query that are unknown or wrong, by name and never by value."""
    assert isinstance(refusal, RequestValidationError)  # noqa: S101 - as above
    names = sorted({shown(str(fault["loc"][-1])) for fault in refusal.errors()})
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return JSONResponse(
        {"code": "invalid_request", "message": f"Not known, or not fit: {', '.join(names)}."},
        status,
        headers=NEVER_STORED,
    )


async def _refused_by_framework(_request: Request, refusal: Exception) -> JSONResponse:
    """Unknown paths and methods."""
    assert isinstance(refusal, HTTPException)  # noqa: S101 - registered for this type alone
    status = HTTPStatus(refusal.status_code)
    return JSONResponse(
        {"code": status.name.lower(), "message": f"{status.phrase}."},
        status,
        headers={**NEVER_STORED, **(refusal.headers or {})},
    )
