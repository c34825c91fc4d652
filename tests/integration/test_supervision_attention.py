"""Callers who say nothing, play music, vanish or freeze: short limits, real calls."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, HEAR_HOURS
from tests.caller.fragile import SPOKEN_TO
from tests.caller.processes import Child
from tests.caller.speech import SAMPLE_RATE_HZ, Clip, speak
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.conftest import in_each_pipeline

NAME = "parley-with-little-patience"
VERSE = "Take your time, we will be with you as soon as somebody is free"
REST_S = 1.0


@pytest.fixture(scope="module")
def impatient(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Worker]:
    """A worker whose limits are a few seconds."""
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "LIVEKIT_AGENT_NAME": NAME,
        "PARLEY_IDLE_S": "3",
        "PARLEY_NO_PROGRESS_S": "5",
        "PARLEY_REJOIN_GRACE_S": "12",
    }
    with Worker(run_folder, env, name="impatient-worker") as worker:
        worker.wait_until_registered()
        yield worker


@pytest.fixture
def caller(livekit_server: LiveKitServer, provider: SandboxProvider, impatient: Worker) -> Caller:
    """Someone who calls that worker."""
    return Caller(livekit_server.url, logs=[impatient, provider], agent_name=NAME)


@contextmanager
def fragile_caller(caller: Caller, room: str, folder: Path) -> Iterator[Child]:
    """A caller who has been spoken to, in a process of its own."""
    identity = f"caller-in-{room}"
    metadata = json.dumps({"pipeline": "cascade", "participant_identity": identity})
    token = caller.token(room, identity, metadata)
    argv = [sys.executable, "-m", "tests.caller.fragile", caller.url, token]
    with Child(identity, argv, folder=folder) as child:
        child.wait_for_line(SPOKEN_TO, 40.0)
        yield child


def music(duration_s: float) -> Clip:
    """Voices in which no word is to be found, verse after verse, with a rest between them."""
    rest = np.zeros(round(REST_S * SAMPLE_RATE_HZ), np.int16)
    verse = np.concatenate([speak(VERSE).samples[::-1], rest])
    times = round(duration_s * SAMPLE_RATE_HZ / verse.size) + 1
    return Clip("", np.tile(verse, times))


async def test_a_silent_caller_is_asked_and_taken_leave_of(
    caller: Caller, provider: SandboxProvider
) -> None:
    """Who answers the question goes on with the call; who does not hears a goodbye and its end."""
    provider.play(replies=ANSWERS)
    async with caller.call({"pipeline": "cascade"}) as call:
        await call.greeted()
        assert "are you still there" in (await call.reply(deadline_s=8)).words
        await call.say(ASK_HOURS)
        assert HEAR_HOURS in (await call.reply()).words
        assert "are you still there" in (await call.reply(deadline_s=8)).words
        assert "goodbye" in (await call.reply(deadline_s=20)).words
        await call.wait_until_ended()
        assert call.agent is not None
        assert call.agent.attributes["parley.ending"] == "idle"  # what a page tells the caller
        await caller.wait_until_room_is_gone(call.room_name)


async def test_music_on_hold_is_not_listened_to_for_ever(
    caller: Caller, provider: SandboxProvider
) -> None:
    """Sound without a word, with rests as music has them, is asked and taken leave of."""
    provider.play(transcripts=[{"text": "", "times": 0}])
    await in_each_pipeline(partial(is_left_with_its_music, caller))


async def is_left_with_its_music(caller: Caller, pipeline: str) -> None:
    """One call with music, to its end."""
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        playing = asyncio.create_task(call.say(music(60.0)))
        try:
            await call.wait_until_ended(deadline_s=45)
        finally:
            playing.cancel()
        heard = await call.understand(call.joined_s, call.joined_s + 60)
        # What is said last of a recording may give way to the music.
        asked = str(heard).lower().count("are you still")
        assert asked in (1, 2), heard
        assert "cannot hear you" in heard
        assert "sorry" not in heard


@pytest.fixture
def patient(livekit_server: LiveKitServer, provider: SandboxProvider, worker: Worker) -> Caller:
    """Someone who calls a worker with the limits of every day."""
    return Caller(livekit_server.url, logs=[worker, provider])


async def test_callers_whose_line_breaks_may_return_for_a_while(
    patient: Caller, worker: Worker, tmp_path: Path
) -> None:
    """Of two at once, one comes back to the same call, and the other's call ends without them."""
    await asyncio.gather(
        freezes_and_returns(patient, worker, tmp_path), vanishes(patient, worker, tmp_path)
    )


async def vanishes(caller: Caller, worker: Worker, folder: Path) -> None:
    """A process that dies says no goodbye: the call ends after the grace, and the room is gone."""
    room = f"room-{os.getpid()}-vanished"
    with fragile_caller(caller, room, folder) as child:
        os.kill(child.pid, signal.SIGKILL)
        await caller.wait_until_room_is_gone(room, deadline_s=60)
    assert re.search(logged(room, "caller's connection broke"), worker.log)


async def freezes_and_returns(caller: Caller, worker: Worker, folder: Path) -> None:
    """Not a packet for so long that the server gives them up, then all is well again: nobody was
    asked anything meanwhile, and the call goes on.
    """
    room = f"room-{os.getpid()}-frozen"
    with fragile_caller(caller, room, folder) as child:
        os.kill(child.pid, signal.SIGSTOP)
        try:
            await asyncio.to_thread(worker.wait_for_line, logged(room, "the caller is away"), 45.0)
        finally:
            os.kill(child.pid, signal.SIGCONT)
        await asyncio.to_thread(worker.wait_for_line, logged(room, "the caller is back"), 20.0)
        for event in ("session closed", "call in trouble"):
            assert not re.search(logged(room, event), worker.log)


def logged(room: str, message: str) -> str:
    """A pattern for a line of the log that belongs to a room."""
    return rf"(?m)^(?=.*{room}).*{message}"
