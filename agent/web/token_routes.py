"""`/api/token`: tokens to join a call with, for those who may.

`POST /api/token` is LiveKit's TokenSource endpoint contract, with two fields more: the answer's
`resume_token`, which shown again gives a fresh token for the same seat. `POST /api/token/resume` is
back into the call that it proves, while it goes on.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from agent.web.admission import Admitted
from agent.web.cross_origin import RESUME_HEADER
from agent.web.doors import Doors
from agent.web.json_body import read_json_body
from agent.web.refusals import NEVER_STORED, Refusal, RefusalForm
from agent.web.resumption import (
    RESUME_REQUEST,
    is_running,
    read_resume_token,
    require_running,
)
from agent.web.token_request import TOKEN_REQUEST, TokenRequest, read_token_request
from agent.web.tokens import Admittance, TokenMint


class TokenAnswer(BaseModel):
    """What a caller is handed, as JSON."""

    server_url: str
    participant_token: str
    resume_token: str


def token_routes(mint: TokenMint, doors: Doors) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/token", lifespan=doors.lifespan)
    tokens = _Tokens(mint, doors)
    described: dict[str, Any] = {
        "status_code": HTTPStatus.CREATED,
        "response_model": TokenAnswer,
        "responses": {HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": RefusalForm}},
    }

    @routes.post("", openapi_extra=TOKEN_REQUEST, **described)
    async def token(request: Request) -> JSONResponse:
        return _answer(mint, await tokens.for_call(request))

    @routes.post("/resume", openapi_extra=RESUME_REQUEST, **described)
    async def resume(request: Request) -> JSONResponse:
        return _answer(mint, await tokens.to_come_back(request))

    return routes


class _Tokens:
    def __init__(self, mint: TokenMint, doors: Doors) -> None:
        self._mint = mint
        self._doors = doors

    async def for_call(self, request: Request) -> Admittance:
        admitted = await self._doors.calls(request)
        asked = read_token_request(
            await read_json_body(request),
            agent_name=self._mint.livekit.agent_name,
            resume_token=request.headers.get(RESUME_HEADER, ""),
        )
        if asked.resume_token:
            return await self._again(asked, admitted)
        await self._require_room(admitted)
        return self._mint.begin(self._mint.new_seat(asked, admitted), asked, admitted)

    async def to_come_back(self, request: Request) -> Admittance:
        # A page on a bad line comes back more often than anybody begins a call.
        admitted = await self._doors.within_call(request)
        resume_token = read_resume_token(await read_json_body(request))
        seat = self._mint.seat(resume_token, admitted)
        await require_running(seat, self._mint.livekit)
        return self._mint.resume(seat)

    async def _again(self, asked: TokenRequest, admitted: Admitted) -> Admittance:
        """The same seat: in the call that goes on there, or in one that is yet to begin."""
        seat = self._mint.seat(asked.resume_token, admitted)
        if asked.room not in ("", seat.room) or asked.identity not in ("", seat.identity):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "not_your_seat",
                "The resume_token proves another room_name or participant_identity.",
            )
        if await is_running(seat, self._mint.livekit):
            return self._mint.resume(seat)
        await self._require_room(admitted)
        return self._mint.begin(seat, asked, admitted)

    async def _require_room(self, admitted: Admitted) -> None:
        await self._doors.budget.require(admitted.tenant)
        if self._doors.vacancy is not None:
            await self._doors.vacancy.take()


def _answer(mint: TokenMint, admittance: Admittance) -> JSONResponse:
    answer = TokenAnswer(
        server_url=mint.livekit.client_url,
        participant_token=admittance.participant_token,
        resume_token=admittance.resume_token,
    )
    return JSONResponse(answer.model_dump(), HTTPStatus.CREATED, headers=NEVER_STORED)
