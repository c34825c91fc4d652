"""The realtime API over WebRTC: real sound both ways, and what ends a call."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
import numpy as np
import pytest
import soxr
from aiortc import RTCPeerConnection

from agent.sandbox.ears import Ears
from agent.sandbox.realtime.webrtc import CALLS, calls
from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.realtime_talk import types
from tests.integration.sandbox.rtc_talk import RATE_HZ, RtcTalk, rtc_talk

QUESTION = "What time is it in Tokyo?"
STORY = "Once upon a time there was a ship. " * 4
TRANSCRIBED = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}


def will_say(sandbox: Sandbox, *texts: str) -> None:
    """Script the next replies."""
    sandbox.script.load(Plan.model_validate({"replies": [{"text": text} for text in texts]}))


async def words_of(ears: Ears, talk: RtcTalk) -> str:
    """What is heard in the call's sound."""
    samples = soxr.resample(talk.heard, RATE_HZ, 16_000)
    heard = await ears.transcribe(samples.astype(np.int16), sample_rate_hz=16_000, language="en")
    return heard.text.lower()


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The events of one type."""
    return [event for event in events if event["type"] == kind]


async def test_a_spoken_question_is_answered_in_sound(sandbox: Sandbox, ears: Ears) -> None:
    """The microphone is heard, the answer is played in real time, and its end is told."""
    will_say(sandbox, "We are open from nine until five.")
    async with rtc_talk(sandbox.base_url) as talk:
        talk.send("session.update", session={"type": "realtime", "audio": TRANSCRIBED})
        await talk.until("session.updated")
        talk.microphone.say(QUESTION)
        events = await talk.until("output_audio_buffer.stopped")
        assert (
            "tokyo"
            in of_kind(events, "conversation.item.input_audio_transcription.completed")[0][
                "transcript"
            ].lower()
        )
        names = types(events)
        assert "response.output_audio.delta" not in names
        told = [n for n in names if n.startswith("output_audio_buffer") or n == "response.done"]
        assert told == [
            "output_audio_buffer.started",
            "response.done",
            "output_audio_buffer.stopped",
        ]
        assert names.index("response.content_part.added") < names.index(told[0])
        words = await words_of(ears, talk)
        assert "nine" in words or "9" in words


async def test_the_user_interrupts_by_voice(sandbox: Sandbox) -> None:
    """What was not played yet is cut off, and the conversation holds what was heard."""
    will_say(sandbox, STORY, "Yes?")
    async with rtc_talk(sandbox.base_url) as talk:
        talk.send("response.create")
        await talk.until("output_audio_buffer.started")
        await asyncio.sleep(1.0)
        talk.microphone.say("Stop, please wait a moment.")
        events = await talk.until("conversation.item.truncated")
        names = types(events)
        assert names.index("input_audio_buffer.speech_started") < names.index(
            "output_audio_buffer.cleared"
        )
        cut = events[-1]
        assert 1_000 <= cut["audio_end_ms"] <= 4_000
        talk.send("conversation.item.retrieve", item_id=cut["item_id"])
        item = (await talk.until("conversation.item.retrieved"))[-1]["item"]
        assert "audio" not in item["content"][0]  # browsers take 256 KiB in one message
        heard = item["content"][0]["transcript"]
        assert heard.startswith("Once upon")
        assert len(heard) < len(STORY) / 2


async def test_a_client_cuts_the_sound_off(sandbox: Sandbox) -> None:
    """`output_audio_buffer.clear` ends the response and its sound."""
    will_say(sandbox, STORY)
    async with rtc_talk(sandbox.base_url) as talk:
        talk.send("response.create")
        await talk.until("output_audio_buffer.started")
        talk.send("output_audio_buffer.clear")
        events = await talk.until("conversation.item.truncated")
        assert of_kind(events, "output_audio_buffer.cleared")
        assert of_kind(talk.events, "response.done")[0]["response"]["status"] == "cancelled"
        await asyncio.sleep(0.5)
        talk.forget_sound()
        await asyncio.sleep(0.5)
        assert np.abs(talk.heard).max() < 50


async def test_an_offer_may_name_no_candidates(sandbox: Sandbox) -> None:
    """OpenAI's own JavaScript posts its offer before it has gathered any."""
    async with rtc_talk(sandbox.base_url, without_candidates=True) as talk:
        talk.send("session.update", session={"type": "realtime"})
        await talk.until("session.updated")


async def test_a_client_secret_opens_the_session_it_was_made_for(
    start_sandbox: StartSandbox,
) -> None:
    """The key's instructions and tools are in force from the first event on."""
    sandbox = await start_sandbox(api_key="the-key")
    session = {"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be kind."}
    async with sandbox.client("the-key") as client:
        secret = await client.realtime.client_secrets.create(session=session)  # type: ignore[arg-type]
    async with rtc_talk(sandbox.base_url, key=secret.value) as talk:
        created = talk.events[0]["session"]
        assert created["instructions"] == "Be kind."
        assert created["model"] == "gpt-realtime-mini"


async def test_the_python_client_opens_a_call_with_a_form(sandbox: Sandbox) -> None:
    """`calls.create` sends offer and session as a form; `calls.hangup` ends the call."""
    async with sandbox.client() as client, aiohttp.ClientSession() as http:
        talk = RtcTalk(http, sandbox.base_url, "any")
        try:
            await talk.pc.setLocalDescription(await talk.pc.createOffer())
            answer = await client.realtime.calls.with_raw_response.create(
                sdp=talk.pc.localDescription.sdp,
                session={"type": "realtime", "instructions": "Be brief."},
            )
            assert answer.status_code == 201
            await talk.take(answer.text)
            assert talk.events[0]["session"]["instructions"] == "Be brief."
            call_id = answer.headers["Location"].rpartition("/")[2]
            assert call_id.startswith("rtc_")
            await client.realtime.calls.hangup(call_id)
            async with asyncio.timeout(5):
                await talk.closed.wait()
        finally:
            await talk.aclose()


async def test_a_client_that_leaves_is_cleaned_up(sandbox: Sandbox) -> None:
    """Nothing of a call is left when its page is closed."""
    async with rtc_talk(sandbox.base_url):
        assert len(sandbox.app[CALLS]) == 1
    async with asyncio.timeout(10):
        await sandbox.app[CALLS].ended()


@pytest.mark.parametrize(
    ("offer", "status"),
    [("", 400), ("v=0\r\nnonsense", 400), ("v=0\r\n" * 60_000, 413), ("\0\x7f" * 40, 400)],
)
async def test_what_is_no_offer_is_refused(sandbox: Sandbox, offer: str, status: int) -> None:
    """In words, and nothing is left of it."""
    async with aiohttp.ClientSession() as http:
        url = f"{sandbox.base_url}/realtime/calls"
        headers = {"Content-Type": "application/sdp"}
        async with http.post(url, data=offer, headers=headers) as answer:
            assert answer.status == status
            assert (await answer.json())["error"]["param"] == "sdp"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert len(sandbox.app[CALLS]) == 0


async def test_an_offer_without_a_data_channel_is_refused(sandbox: Sandbox) -> None:
    """The client is told what to make."""
    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    await pc.setLocalDescription(await pc.createOffer())
    async with aiohttp.ClientSession() as http:
        url = f"{sandbox.base_url}/realtime/calls"
        headers = {"Content-Type": "application/sdp"}
        async with http.post(url, data=pc.localDescription.sdp, headers=headers) as answer:
            assert answer.status == 400
            assert "oai-events" in (await answer.json())["error"]["message"]
    await pc.close()


async def test_a_browser_may_ask_first(start_sandbox: StartSandbox) -> None:
    """The preflight needs no key, and permits the headers that OpenAI's JavaScript sends."""
    sandbox = await start_sandbox(api_key="the-key")
    asked = {
        "Origin": "http://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-openai-agents-sdk",
    }
    async with aiohttp.ClientSession() as http:
        async with http.options(f"{sandbox.base_url}/realtime/calls", headers=asked) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "x-openai-agents-sdk" in answer.headers["Access-Control-Allow-Headers"]
        async with http.options(f"{sandbox.base_url}/realtime/client_secrets") as answer:
            assert answer.status == 401


async def test_too_many_calls_are_refused(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is told so, before anything is made for it."""
    monkeypatch.setattr(calls, "MOST_CALLS", 0)
    async with aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/sdp"}
        url = f"{sandbox.base_url}/realtime/calls"
        async with http.post(url, data="v=0", headers=headers) as answer:
            assert answer.status == 429


async def test_without_aiortc_the_answer_says_what_to_install(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the sandbox needs none of it."""
    monkeypatch.setitem(sys.modules, "aiortc", None)
    for name in [n for n in sys.modules if n.startswith("agent.sandbox.realtime.webrtc.")]:
        if name.endswith((".peer", ".channel", ".tracks")):
            monkeypatch.delitem(sys.modules, name)
    async with aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/sdp"}
        url = f"{sandbox.base_url}/realtime/calls"
        async with http.post(url, data="v=0", headers=headers) as answer:
            assert answer.status == 501
            assert "uv sync --extra webrtc" in (await answer.json())["error"]["message"]
