"""A tool that a colleague must allow, asked for in a real room."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from livekit import api, rtc

from agent.tool_calls.approval import METHOD, OPERATOR_ROLE, ROLE_ATTRIBUTE
from tests.caller.driver import Call
from tests.caller.stack import API_KEY, API_SECRET
from tests.integration.conftest import Business

ALLOWED = "The gate is open"


@asynccontextmanager
async def operator(business: Business, call: Call, answer: str) -> AsyncIterator[list[str]]:
    """A colleague who listens in, and answers alike whatever is asked; gives what was asked."""
    grants = api.VideoGrants(room_join=True, room=call.room_name, can_update_own_metadata=False)
    token = (
        api.AccessToken(API_KEY, API_SECRET)
        .with_identity("olga")
        .with_grants(grants)
        .with_attributes({ROLE_ATTRIBUTE: OPERATOR_ROLE})
        .with_ttl(timedelta(minutes=1))
    )
    room = rtc.Room()
    # The server tells the others of one who publishes nothing up to three seconds later.
    announced = asyncio.Event()
    call.room.on("participant_connected", lambda _: announced.set())
    asked: list[str] = []

    async def answered(request: rtc.RpcInvocationData) -> str:
        asked.append(request.payload)
        return answer

    await room.connect(business.caller.url, token.to_jwt())
    room.local_participant.register_rpc_method(METHOD, answered)
    try:
        await asyncio.wait_for(announced.wait(), 10.0)
        yield asked
    finally:
        await room.disconnect()


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_colleague_in_the_room_decides(
    business: Business, pipeline: str, allowed: bool
) -> None:
    """The tool runs after their yes alone, and the caller hears which it was."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await call.greeting()
        answer = json.dumps({"allowed": allowed})
        async with operator(business, call, answer) as asked:
            await call.type("Please open the gate of the yard.")
            await call.wait_for_caption("agent", ALLOWED if allowed else "did not allow")
        assert [json.loads(request)["tool"] for request in asked] == ["open_gate"]
        assert business.tools.asked["/gate"] == int(allowed)


async def test_nothing_happens_when_no_colleague_is_there(
    business: Business, pipeline: str
) -> None:
    """A caller alone with the agent cannot allow it."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await call.greeting()
        await call.type("Please open the gate of the yard.")
        await call.wait_for_caption("agent", "none could be reached")
        assert business.tools.asked["/gate"] == 0
