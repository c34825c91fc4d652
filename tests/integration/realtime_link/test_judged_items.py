"""Sounds that become items only so that their words are known."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.realtime_link.test_realtime_link import Call, calling, play
from tests.integration.sandbox.conftest import Sandbox
from tests.integration.sandbox.realtime_talk import speech

_PATIENCE_S = 20.0


async def judged(call: Call, *, dismiss: bool) -> tuple[str, str]:
    """Say something that is dismissed or is not; its item and its words."""
    verdict: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    def judge(item_id: str, text: str) -> bool:
        verdict.set_result((item_id, text))
        return dismiss

    call.push(speech("Yeah."))
    call.session.commit_to_judge(judge)
    return await asyncio.wait_for(verdict, _PATIENCE_S)


@pytest.mark.parametrize("dismiss", [True, False])
async def test_what_is_dismissed_is_forgotten_by_both_sides(
    sandbox: Sandbox, *, dismiss: bool
) -> None:
    """It is deleted from the provider's conversation and told to nobody; what is not stays."""
    play(sandbox, transcripts=[{"text": "Yeah."}])
    async with calling(sandbox) as call:
        _, text = await judged(call, dismiss=dismiss)
        await call.until_sent()
        await call.until_sent()  # the deletion is asked for while the first mark is on its way
        kept = [text for role, text in call.texts() if role == "user"]
    assert text == "Yeah."
    assert kept == call.transcripts == ([] if dismiss else ["Yeah."])
    assert not call.errors


async def test_only_the_committed_sound_is_judged(sandbox: Sandbox) -> None:
    """The turn that follows is told as ever, and a commit of mere silence is none."""
    play(sandbox, transcripts=[{"text": "Yeah."}, {"text": "What time is it?"}])
    commits: list[str] = []
    async with calling(sandbox) as call:
        call.session.on("openai_client_event_queued", lambda event: commits.append(event["type"]))
        await judged(call, dismiss=True)
        call.session.nothing_to_commit = True
        call.session.commit_audio()
        call.push(speech("What time is it?"))
        call.session.commit_audio()
        async with asyncio.timeout(_PATIENCE_S):
            while not call.transcripts:
                await call.until_sent()
    assert call.transcripts == ["What time is it?"]
    assert commits.count("input_audio_buffer.commit") == 2
