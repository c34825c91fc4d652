"""`/api/realtime/`: what a page needs of us for a call with the provider."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic_core import from_json

from agent.call.options import CallOptions
from agent.errors import BudgetSpent, CallOptionsError
from agent.web.admission import Admitted
from agent.web.bearer import shown_bearer
from agent.web.direct.calls import Caller, DirectCalls
from agent.web.direct.provider import ClientSecret, ProviderAccount, make_client_secret
from agent.web.direct.wire import (
    MAX_REPORT_BODY_BYTES,
    MAX_TOOL_BODY_BYTES,
    Report,
    ToolAsked,
    read_body,
)
from agent.web.doors import Doors
from agent.web.json_body import read_json_body
from agent.web.refusals import NEVER_STORED, Refusal


@dataclass(frozen=True, slots=True)
class DirectMode:
    """What the routes need."""

    calls: DirectCalls
    account: ProviderAccount
    calls_url: str
    """Where a browser posts its offer."""
    secret_s: int


def direct_routes(mode: DirectMode, doors: Doors) -> APIRouter:
    """The routes. A call begins for those who are admitted; later its token proves what it is."""
    routes = APIRouter(prefix="/api/realtime", lifespan=mode.calls.lifespan)

    @routes.post("/client-secret")
    async def client_secret(request: Request) -> JSONResponse:
        admitted = await doors.calls(request)
        options = _decided(admitted, _options(await read_json_body(request)))
        await doors.budget.require(admitted.tenant)
        return await _begin(mode, options, Caller(admitted.user, admitted.tenant))

    @routes.post("/tools/{name}")
    async def use_tool(request: Request, name: str) -> JSONResponse:
        held = mode.calls.find(shown_bearer(request))
        body = await read_json_body(request, MAX_TOOL_BODY_BYTES)
        answer = await held.call.use(name, read_body(ToolAsked, body))
        return JSONResponse(answer.model_dump(), headers=NEVER_STORED)

    @routes.post("/report")
    async def report(request: Request) -> JSONResponse:
        held = mode.calls.find(shown_bearer(request))
        body = await read_json_body(request, MAX_REPORT_BODY_BYTES)
        mode.calls.take(held, read_body(Report, body).events)
        answer = {"left_s": mode.calls.left_s(held), "over": held.call.over}
        return JSONResponse(answer, headers=NEVER_STORED)

    return routes


async def _begin(mode: DirectMode, options: CallOptions, caller: Caller) -> JSONResponse:
    try:
        token, held = await mode.calls.begin(options, caller)
    except CallOptionsError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{error}.") from None
    except BudgetSpent:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "budget_spent",
            "No more calls are taken today. Please call again tomorrow.",
        ) from None
    try:
        secret: ClientSecret = await make_client_secret(
            mode.account, held.call.session, lasts_s=mode.secret_s
        )
    except BaseException:
        mode.calls.drop(held, "provider gave no secret")
        raise
    answer = {
        "value": secret.value,
        "expires_at": secret.expires_at,
        "calls_url": mode.calls_url,
        "call_token": token,
        "first_words": held.call.first_words,
        "left_s": mode.calls.left_s(held),
    }
    return JSONResponse(answer, HTTPStatus.CREATED, headers=NEVER_STORED)


def _decided(admitted: Admitted, asked: CallOptions) -> CallOptions:
    """What a caller asks for, and over it what their admission has decided."""
    return asked.model_copy(update=admitted.options.model_dump(exclude_none=True))


def _options(body: bytes) -> CallOptions:
    """The options that the page asks for; those of a room's pipelines mean nothing here."""
    if not body.strip():
        return CallOptions()
    try:
        return CallOptions.known(from_json(body, allow_inf_nan=False))
    except (ValueError, RecursionError):
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not valid JSON."
        ) from None
    except CallOptionsError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", f"{error}.") from None
