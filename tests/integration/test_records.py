"""The records of real calls, held against what their callers saw and heard."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.call.record import (
    Charged,
    Lost,
    Opened,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.audio_files import AudioFiles
from agent.records.query import CallRecord
from agent.records.sealing import Sealing
from agent.records.spool import Spool
from tests.caller.analysis import level_dbfs, voiced_bounds
from tests.caller.driver import Caller
from tests.caller.expectations import (
    ANSWERS,
    ASK_HOURS,
    ASK_PRICE,
    ASK_STORY,
    HEAR_HOURS,
    HEAR_PRICE,
    STORY,
)
from tests.caller.processes import free_port
from tests.caller.recognition import Words, understand
from tests.caller.sound import RATE_HZ as HEARD_HZ
from tests.caller.sound import decoded
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.recorded import (
    Recorded,
    has_heard,
    is_closed,
    is_whole,
    turns_heard,
)

AGENT = "recorded"
MODELS = {
    "cascade": {"gpt-4o-mini-transcribe", "gpt-4.1-mini", "gpt-4o-mini-tts"},
    "realtime": {"gpt-4o-mini-transcribe", "gpt-realtime"},
}


@pytest.fixture(scope="module")
def recorded_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Recorded]:
    """A worker that takes a call for lost after ten seconds, and records what is heard too; tests
    take `recorded`.
    """
    file, spool = run_folder / "recorded" / "calls.sqlite3", run_folder / "recorded" / "spool"
    audio = run_folder / "recorded" / "audio"
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "LIVEKIT_AGENT_NAME": AGENT,
        "PARLEY_DATABASE_URL": f"sqlite:///{file}",
        "PARLEY_SPOOL_DIR": str(spool),
        "PARLEY_AUDIO_RECORDING": "true",
        "PARLEY_AUDIO_DIR": str(audio),
        "PARLEY_RECORDS_LOST_AFTER_S": "10",
        "PARLEY_METRICS_PORT": str(metrics_port := free_port()),
    }
    with Worker(run_folder, env, name="recorded-worker") as worker:
        worker.wait_until_registered()
        caller = Caller(livekit_server.url, logs=[worker, sandbox_process], agent_name=AGENT)
        yield Recorded(
            caller,
            worker,
            env["PARLEY_DATABASE_URL"],
            Spool(spool),
            metrics_port,
            AudioFiles(audio),
        )


@pytest.fixture
def recorded(recorded_worker: Recorded, provider: SandboxProvider) -> Recorded:
    """The worker, with a provider that has no script."""
    return recorded_worker


@pytest.mark.timeout(240)  # five turns in real time, and the start of all programs
async def test_a_record_is_what_the_caller_saw_and_heard(
    recorded: Recorded, provider: SandboxProvider, pipeline: str
) -> None:
    """Every turn of both sides in its words, a tool, an interruption, what was used, the end."""
    provider.play(replies=[*STORY, *ANSWERS])
    before_usd = recorded.cost_usd()
    async with recorded.caller.call({"pipeline": pipeline}) as call:
        await call.greeting()
        await call.say("What time is it in Paris?")
        await call.reply()
        await call.say(ASK_STORY)
        await call.interrupt(f"Stop, stop. {ASK_HOURS}", after_s=1.5)
        assert HEAR_HOURS in (await call.reply()).words
        await call.hang_up()
        record = await recorded.record(call, is_closed)
    events = [entry.event for entry in record.entries]
    assert is_whole(call, record)
    assert (record.call.caller_identity, record.call.pipeline) == (call.identity, pipeline)
    for event in (
        Opened(call.room_name),
        PipelineInForce(pipeline, "en"),
        PersonaInForce("frontdesk"),
        ParticipantJoined(call.identity),
    ):
        assert events.count(event) == 1
    heard = [event for event in events if isinstance(event, TurnHeard)]
    spoken = [event for event in events if isinstance(event, TurnSpoken) and event.heard]
    (story,) = (turn for turn in spoken if "river" in turn.heard)
    assert story.interrupted
    assert len(story.generated) > len(story.heard)
    (hours,) = (turn for turn in spoken if HEAR_HOURS in Words(turn.heard))
    assert not hours.interrupted
    assert 0 < hours.latency_s["whole"] < 10
    assert all(turn.started_at and turn.ended_at for turn in (*heard, *spoken))
    assert all(turn.persona == "frontdesk" for turn in spoken)
    (tool,) = (event for event in events if isinstance(event, ToolEnded))
    assert (tool.tool, tool.outcome) == ("time_in_place", "done")
    assert tool.arguments == {"place": "Paris"}
    charged = [event for event in events if isinstance(event, Charged)]
    assert {event.model for event in charged} == MODELS[pipeline]
    assert all(event.usage for event in charged)
    assert sum(event.usd for event in charged) == charged[-1].total_usd > 0
    await asyncio.to_thread(recorded.worker.wait_until_idle)
    cost_usd = recorded.cost_usd() - before_usd
    assert cost_usd == pytest.approx(float(charged[-1].total_usd), abs=1e-6)


async def test_a_job_that_is_killed_leaves_its_record_to_the_last_second(
    recorded: Recorded, provider: SandboxProvider
) -> None:
    """What was said before is there, and the worker settles the call as lost."""
    provider.play(replies=ANSWERS)
    async with recorded.caller.call({"pipeline": "cascade"}) as call:
        await call.greeting()
        await call.say(ASK_HOURS)
        await call.reply()
        killed_at = datetime.now(UTC)
        os.kill(recorded.pid_of(call), signal.SIGKILL)
        record = await recorded.record(call, lambda record: record.call.state == "lost", 60.0)
    events = [entry.event for entry in record.entries]
    assert any(isinstance(e, TurnHeard) and e.text == ASK_HOURS for e in events)
    assert any(isinstance(e, TurnSpoken) and HEAR_HOURS in Words(e.heard) for e in events)
    last = events[-1]
    assert isinstance(last, Lost)
    assert abs((killed_at - last.last_seen_at).total_seconds()) < 7  # the heartbeat, and some
    left, right = sound_of(recorded, record)
    lasted_s = (killed_at - record.call.started_at).total_seconds()
    assert left.size == right.size
    assert lasted_s - 1.2 < left.size / HEARD_HZ < lasted_s + 0.2


async def test_the_sound_of_a_call_lies_on_the_clock_of_its_record(
    recorded: Recorded, provider: SandboxProvider
) -> None:
    """The caller is heard on the left alone and the agent on the right, when the turns say."""
    provider.play(replies=ANSWERS)
    async with recorded.caller.call({"pipeline": "realtime"}) as call:
        await call.greeting()
        wall_s = time.time() - time.monotonic()
        asked_s = wall_s + (await call.say(ASK_HOURS)).first_sample_s
        assert HEAR_HOURS in (await call.reply()).words
        await call.hang_up()
        record = await recorded.record(call, is_closed)
    events = [entry.event for entry in record.entries]
    (heard,) = (event for event in events if isinstance(event, TurnHeard))
    (spoken,) = (e for e in events if isinstance(e, TurnSpoken) and HEAR_HOURS in Words(e.heard))
    left, right = sound_of(recorded, record)
    for side, other, turn, words in (
        (left, right, heard, ASK_HOURS),
        (right, left, spoken, HEAR_HOURS),
    ):
        assert turn.started_at
        assert turn.ended_at
        began_s, ended_s = (
            (moment - record.call.started_at).total_seconds()
            for moment in (turn.started_at, turn.ended_at)
        )
        first_s, last_s = voiced_between(side, began_s - 1, ended_s + 1)
        assert abs(first_s - began_s) < 0.3
        assert abs(last_s - ended_s) < 0.3
        part = slice(round((first_s - 0.2) * HEARD_HZ), round((last_s + 0.2) * HEARD_HZ))
        assert words in await asyncio.to_thread(understand, side[part], HEARD_HZ)
        assert level_dbfs(other[part]) < level_dbfs(side[part]) - 40
    first_s, _ = voiced_between(left, 0, left.size / HEARD_HZ)
    assert abs(record.call.started_at.timestamp() + first_s - asked_s) < 0.3


async def test_a_call_does_not_feel_that_the_database_is_locked(
    recorded: Recorded, provider: SandboxProvider
) -> None:
    """From its first word on. What had to wait is in the record once it is open, while the call
    goes on; what has to wait at its end is brought in by the worker.
    """
    provider.play(replies=ANSWERS)
    with closing(
        sqlite3.connect(recorded.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with recorded.caller.call({"pipeline": "cascade"}) as call:
            await call.greeting()
            await call.say(ASK_HOURS)
            assert HEAR_HOURS in (await call.reply()).words
            assert recorded.spool.waiting()
            other.execute("ROLLBACK")
            record = await recorded.record(call, has_heard(ASK_HOURS))
            assert record.call.state == "open"
            other.execute("BEGIN EXCLUSIVE")
            await call.say(ASK_PRICE)
            assert HEAR_PRICE in (await call.reply()).words
            await call.hang_up()
            await asyncio.to_thread(recorded.worker.wait_until_idle, 60.0)
        assert recorded.spool.waiting()
        other.execute("ROLLBACK")
    record = await recorded.record(call, is_closed)
    assert is_whole(call, record)
    assert turns_heard(record) == [ASK_HOURS, ASK_PRICE]
    assert not recorded.spool.waiting()


def sound_of(recorded: Recorded, record: CallRecord) -> NDArray[np.int16]:
    """Both sides of a call."""
    assert recorded.audio is not None
    return decoded(recorded.audio.read(record.call.id, Sealing()))


def voiced_between(side: NDArray[np.int16], start_s: float, end_s: float) -> tuple[float, float]:
    """When a side is first and last audible between two moments of its clock."""
    start_s = max(start_s, 0.0)
    part = side[round(start_s * HEARD_HZ) : round(end_s * HEARD_HZ)]
    first_s, last_s = voiced_bounds(part, HEARD_HZ)
    return start_s + first_s, start_s + last_s
