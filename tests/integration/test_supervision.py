"""Supervision in a real room, as the caller hears it."""

from __future__ import annotations

import pytest

from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_PRICE, HEAR_HOURS, HEAR_PRICE
from tests.caller.processes import free_port
from tests.caller.stack import SandboxProvider, Worker

STEPS = ("call in trouble", "the caller waits")
"""What the worker logs for each rung and each recording that asks for patience."""


def steps_taken(worker: Worker) -> int:
    """How often a worker has logged a step of supervision so far."""
    return sum(worker.log.count(step) for step in STEPS)


async def test_a_normal_call_is_left_alone(
    caller: Caller, provider: SandboxProvider, worker: Worker, pipeline: str
) -> None:
    """Several turns, a tool and a barge-in: supervision takes no step."""
    provider.play(replies=ANSWERS)
    before = steps_taken(worker)
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.say(ASK_HOURS)
        await call.interrupt(f"Stop, stop. {ASK_PRICE}", after_s=0.6)
        assert "it costs" in (await call.reply()).words
        await call.say("What time is it in Paris?")
        assert "paris" in (await call.reply()).words
        assert await call.hears_nothing(5.0)
    assert steps_taken(worker) == before


async def test_a_caller_who_comes_back_finds_the_call_going_on(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Who left in good order and joins again at once, as the same participant, as a page does that
    is reloaded with its token, is answered in the same call, without another greeting.
    """
    provider.play(replies=ANSWERS)
    room, identity = f"room-{free_port()}", "caller-who-reloads"
    async with caller.call({"pipeline": pipeline}, room=room, identity=identity) as call:
        await call.greeted()
        agent = await call.wait_for_agent()
    async with caller.call(room=room, identity=identity, dispatched=False) as again:
        assert (await again.wait_for_agent()).sid == agent.sid
        assert await again.hears_nothing(2.0)
        await again.say(ASK_HOURS)
        assert HEAR_HOURS in (await again.reply()).words


@pytest.mark.parametrize("on", ["response", "chat"])
async def test_a_pipeline_that_fails_is_replaced_in_mid_call(
    caller: Caller, provider: SandboxProvider, on: str
) -> None:
    """The caller's question is answered by the other pipeline, and so is the next one."""
    pipeline = "realtime" if on == "response" else "cascade"
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        provider.play(
            replies=ANSWERS,
            faults=[
                {"on": on, "kind": "drop", "times": 0},
                {"on": "realtime", "kind": "status", "status": 401, "times": 0},
            ][: 2 if on == "response" else 1],
        )
        await call.say(ASK_HOURS)
        words = (await call.reply()).words
        if "say that again" in words:
            await call.say(ASK_HOURS)
            words = (await call.reply()).words
        assert HEAR_HOURS in words
        await call.say(ASK_PRICE)
        assert HEAR_PRICE in (await call.reply()).words
