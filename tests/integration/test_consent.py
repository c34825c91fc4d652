"""A caller is asked whether the call may be recorded, and it goes on whatever they say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.records.audio_files import AudioFiles
from agent.records.sealing import Sealing
from tests.caller.analysis import Span, voiced_bounds
from tests.caller.driver import Call, Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, HEAR_HOURS
from tests.caller.sound import RATE_HZ as HEARD_HZ
from tests.caller.sound import decoded
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.conftest import in_each_pipeline

NOTICE = "You are talking to a computer."
QUESTION = "Do you agree that this call is recorded"
GREETING = "How can I help you"


@dataclass(frozen=True, slots=True)
class Desk:
    """A worker that asks for consent, and a caller for it."""

    worker: Worker
    caller: Caller
    audio: AudioFiles


@pytest.fixture(scope="module")
def asking_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Worker]:
    """A worker whose callers are asked."""
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "PARLEY_NOTICE": NOTICE,
        "PARLEY_CONSENT": "required",
        "PARLEY_AUDIO_RECORDING": "true",
        "PARLEY_AUDIO_DIR": str(run_folder / "asking-audio"),
        "LIVEKIT_AGENT_NAME": "asking",
    }
    with Worker(run_folder, env, name="asking-worker") as worker:
        worker.wait_until_registered()
        yield worker


@pytest.fixture
def desk(
    run_folder: Path,
    livekit_server: LiveKitServer,
    provider: SandboxProvider,
    asking_worker: Worker,
) -> Desk:
    """The worker, with a provider that answers the usual questions."""
    provider.play(replies=ANSWERS)
    caller = Caller(livekit_server.url, logs=[asking_worker, provider], agent_name="asking")
    return Desk(asking_worker, caller, AudioFiles(run_folder / "asking-audio"))


def hears(provider: SandboxProvider, words: str) -> None:
    """Let the recogniser understand these words once."""
    provider.play(replies=ANSWERS, transcripts=[{"text": words, "times": 0}])


async def is_asked(call: Call) -> Span:
    """Something is said before the greeting; see `was_asked`. An answer is waited for six seconds,
    which recognising it may take on a busy machine.
    """
    opening = await call.hear()
    assert GREETING not in shown(call)
    return opening


async def was_asked(call: Call, opening: Span) -> None:
    """The notice came first, then the question."""
    words = await call.understand(opening.start_s, opening.end_s)
    assert NOTICE in words
    assert QUESTION in words


def shown(call: Call) -> str:
    """All captions so far, in the very words: a recogniser hears "Thank you" in many ways."""
    return " ".join(caption.text for caption in call.captions.all)


async def goes_on(call: Call) -> None:
    """The conversation is as any other."""
    await call.type(ASK_HOURS)
    assert HEAR_HOURS in (await call.reply()).words


@pytest.mark.parametrize(
    ("said", "told"), [("Yes, I agree.", "Thank you"), ("No.", "this call is not recorded")]
)
async def test_consent_is_given_or_refused_by_voice(
    desk: Desk, provider: SandboxProvider, said: str, told: str
) -> None:
    """Code understands the answer, no model does, and the greeting follows. What was heard before a
    yes is not recorded, and after a no nothing is.
    """
    hears(provider, said)

    async def talk(pipeline: str) -> Span:
        async with desk.caller.call({"pipeline": pipeline}) as call:
            opening = await is_asked(call)
            await call.say(said)
            await call.reply()
            assert told in shown(call)
            assert GREETING in shown(call)
            await goes_on(call)
            await was_asked(call, opening)
            return opening

    recorded = desk.audio.call_ids()
    openings = await in_each_pipeline(talk)
    new = [call_id for call_id in desk.audio.call_ids() if call_id not in recorded]
    assert len(new) == (2 if told == "Thank you" else 0)
    for call_id in new:
        left, right = decoded(desk.audio.read(call_id, Sealing()))
        first_s, _ = voiced_bounds(right, HEARD_HZ)
        assert first_s > min(opening.end_s - opening.start_s for opening in openings)
        assert left[: round(first_s * HEARD_HZ)].max() < 300


async def test_consent_is_refused_by_a_key(desk: Desk) -> None:
    """On a telephone, where 2 is no."""

    async def talk(pipeline: str) -> None:
        async with desk.caller.call({"pipeline": pipeline}) as call:
            opening = await is_asked(call)
            await call.room.local_participant.publish_dtmf(code=2, digit="2")
            await call.reply()
            assert "this call is not recorded" in shown(call)
            assert GREETING in shown(call)
            await was_asked(call, opening)

    await in_each_pipeline(talk)


async def test_consent_is_given_in_writing(desk: Desk) -> None:
    """By who cannot or does not want to speak."""

    async def talk(pipeline: str) -> None:
        async with desk.caller.call({"pipeline": pipeline}) as call:
            await is_asked(call)
            await call.type("yes")
            await call.reply()
            assert "Thank you" in shown(call)
            assert GREETING in shown(call)
            await goes_on(call)

    await in_each_pipeline(talk)


@pytest.mark.mostly_in("cascade")
async def test_who_takes_it_back_is_recorded_no_longer(desk: Desk, pipeline: str) -> None:
    """The sound recorded so far is deleted, and the conversation goes on."""
    recorded = desk.audio.call_ids()
    async with desk.caller.call({"pipeline": pipeline}) as call:
        await is_asked(call)
        await call.type("yes")
        await call.reply()
        await call.type("Please stop recording this call.")
        await call.wait_for_caption("agent", "nothing of what is said is kept")
        await call.hear()
        await goes_on(call)
    await asyncio.to_thread(desk.worker.wait_until_idle)
    assert desk.audio.call_ids() == recorded


async def test_who_says_nothing_is_asked_again_and_greeted(desk: Desk) -> None:
    """A silent caller is not left in silence: after the second question the call goes on."""

    async def talk(pipeline: str) -> None:
        async with desk.caller.call({"pipeline": pipeline}) as call:
            await is_asked(call)
            again = await call.reply()
            assert "I did not understand" in again.words
            assert QUESTION in again.words
            await call.reply()
            assert "this call is not recorded" in shown(call)
            assert GREETING in shown(call)

    await in_each_pipeline(talk)
