"""`/api/calls` and what belongs to it: the records of calls, for operators."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from agent.records.export import as_csv, as_json_text, as_webvtt
from agent.records.query import CallRecord
from agent.web.call_questions import ListParameters, Period, Text, write_place
from agent.web.call_views import erased_view, record_view, summary_view
from agent.web.operators import Operators
from agent.web.ranges import ranged
from agent.web.reading import Reading
from agent.web.refusals import NEVER_STORED

Format = Literal["json", "csv", "vtt"]

_FORMATS: Mapping[Format, tuple[Callable[[CallRecord], str], str]] = {
    "json": (as_json_text, "application/json"),
    "csv": (as_csv, "text/csv"),
    "vtt": (as_webvtt, "text/vtt"),
}


def call_routes(operators: Operators, reading: Reading) -> APIRouter:
    """The routes. Each asks first who it is for."""
    routes = APIRouter(prefix="/api", lifespan=reading.lifespan)

    @routes.get("/operator")
    async def operator(request: Request) -> Response:
        who = operators.require(request, "metadata")
        return await _json(lambda: asdict(who))

    @routes.get("/audit")
    async def audit(
        request: Request, limit: Annotated[int, Query(ge=1, le=1_000)] = 200
    ) -> Response:
        operators.require(request, "audit")
        entries = await reading.audit(limit)
        return await _json(lambda: {"entries": [asdict(entry) for entry in entries]})

    @routes.get("/calls")
    async def list_calls(request: Request, asked: Annotated[ListParameters, Query()]) -> Response:
        who = operators.require(request, "words" if asked.tells_words else "metadata")
        page = await reading.page(asked.query(), who)
        cursor = None if page.end is None else write_place(page.end)
        return await _json(
            lambda: {"calls": [summary_view(call, who) for call in page.calls], "cursor": cursor}
        )

    @routes.delete("/calls")
    async def erase(request: Request, caller: Annotated[Text, Query()]) -> Response:
        who = operators.require(request, "erase")
        erased = await reading.erase(caller, who)
        return await _json(lambda: erased_view(erased))

    @routes.get("/calls/stats")
    async def statistics(request: Request, period: Annotated[Period, Query()]) -> Response:
        operators.require(request, "metadata")
        found = await reading.days(period.since, period.before)
        return await _json(found.as_json)

    @routes.get("/calls/{call_id}")
    async def call(
        request: Request,
        call_id: str,
        after: Annotated[int, Query(ge=0, le=2_147_483_647)] = 0,
    ) -> Response:
        who = operators.require(request, "metadata")
        record = await reading.call(call_id, who, after=after)
        has_audio = await reading.has_audio(call_id)
        return await _json(lambda: record_view(record, who, after=after, has_audio=has_audio))

    @routes.get("/calls/{call_id}/export")
    async def export(
        request: Request, call_id: str, form: Annotated[Format, Query(alias="format")] = "json"
    ) -> Response:
        who = operators.require(request, "words")
        record = await reading.exported(call_id, who)
        write, media_type = _FORMATS[form]
        # What a model wrote may have halves of signs, which are none in UTF-8.
        content = await asyncio.to_thread(lambda: write(record).encode("utf-8", "replace"))
        name = f"{_file_name(call_id)}.{form}"
        headers = {**NEVER_STORED, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media_type, headers=headers)

    @routes.get("/calls/{call_id}/audio")
    async def audio(request: Request, call_id: str) -> Response:
        who = operators.require(request, "words")
        content = await reading.audio(call_id, who)
        return ranged(content, "audio/ogg", request.headers.get("Range"))

    return routes


async def _json(make: Callable[[], Mapping[str, Any]]) -> Response:
    """What is made, as JSON. It is made in a thread: a long call has thousands of entries, and
    whoever asks for a token must not wait for them.
    """
    content = await asyncio.to_thread(lambda: json.dumps(make(), default=_plain))
    return Response(content, media_type="application/json", headers=NEVER_STORED)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _file_name(call_id: str) -> str:
    return re.sub(r"[^\w-]", "_", call_id[:100], flags=re.ASCII)
