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
from tests.caller.topic import Topic
from tests.integration.conftest import Business

ALLOWED = "The gate is open"


@asynccontextmanager
async def operator(
    business: Business, call: Call, answer: str | None = None
) -> AsyncIterator[tuple[Topic, list[str]]]:
    """A colleague who listens in, and answers alike whatever is asked; gives what happened in the
    call, and what was asked. One without an answer has a client that cannot be asked.
    """
    grants = api.VideoGrants(room_join=True, room=call.room_name, can_update_own_metadata=False)
    token = (
        api.AccessToken(API_KEY, API_SECRET)
        .with_identity("olga")
        .with_grants(grants)
        .with_attributes({ROLE_ATTRIBUTE: OPERATOR_ROLE})
        .with_ttl(timedelta(minutes=1))
    )
    room = rtc.Room()
    topic = Topic(room)
    # The server tells the others of one who publishes nothing up to three seconds later.
    announced = asyncio.Event()
    call.room.on("participant_connected", lambda _: announced.set())
    asked: list[str] = []

    async def answered(request: rtc.RpcInvocationData) -> str:
        assert answer is not None
        asked.append(request.payload)
        return answer

    await room.connect(business.caller.url, token.to_jwt())
    if answer is not None:
        room.local_participant.register_rpc_method(METHOD, answered)
    try:
        await asyncio.wait_for(announced.wait(), 10.0)
        yield topic, asked
    finally:
        await room.disconnect()


async def ask_for_the_gate(call: Call) -> None:
    """As a caller does."""
    await call.greeting()
    await call.type("Please open the gate of the yard.")


async def test_a_colleague_allows_it_by_pressing_a_button(
    business: Business, pipeline: str
) -> None:
    """It is told as an event, answered by a request, and the tool runs once, after that."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        agent = await call.wait_for_agent()
        async with operator(business, call) as (topic, _):
            await ask_for_the_gate(call)
            await topic.until(lambda: bool(topic.of("approval_requested")), "the question")
            asked = topic.of("approval_requested")[0]
            assert asked["tool"] == "open_gate"
            assert business.tools.asked["/gate"] == 0
            await topic.ask(agent, "approve_tool", id=asked["id"], approved=True)
            await call.wait_for_caption("agent", ALLOWED)
            await topic.until(lambda: bool(topic.of("approval_settled")), "the answer")
            with pytest.raises(rtc.RpcError, match="not asked"):
                await topic.ask(agent, "approve_tool", id=asked["id"], approved=True)
        assert business.tools.asked["/gate"] == 1


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_colleague_in_the_room_decides(
    business: Business, pipeline: str, allowed: bool
) -> None:
    """The tool runs after their yes alone, and the caller hears which it was."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        async with operator(business, call, json.dumps({"allowed": allowed})) as (_, asked):
            await ask_for_the_gate(call)
            await call.wait_for_caption("agent", ALLOWED if allowed else "did not allow")
        assert [json.loads(request)["tool"] for request in asked] == ["open_gate"]
        assert business.tools.asked["/gate"] == int(allowed)


async def test_nothing_happens_when_no_colleague_is_there(
    business: Business, pipeline: str
) -> None:
    """A caller alone with the agent cannot allow it."""
    async with business.caller.call({"pipeline": pipeline, "persona": "tester"}) as call:
        await ask_for_the_gate(call)
        await call.wait_for_caption("agent", "none could be reached")
        assert business.tools.asked["/gate"] == 0
