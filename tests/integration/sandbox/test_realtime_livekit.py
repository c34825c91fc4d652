"""LiveKit's OpenAI plugin, as the worker uses it, against the sandbox's realtime API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import llm, stt
from livekit.plugins import openai

from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox
from tests.integration.sandbox.realtime_talk import RATE_HZ, speech

_FRAME = RATE_HZ // 50
_PATIENCE_S = 20


@llm.function_tool
async def get_time(place: str) -> str:
    """The current time in a city."""
    return f"noon in {place}"


class Call:
    """A session of the plugin, and what it reported."""

    def __init__(self, session: openai.realtime.RealtimeSession) -> None:
        self.session = session
        self.errors: list[Any] = []
        self.transcripts: list[str] = []
        self.generations: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
        session.on("error", self.errors.append)
        session.on("generation_created", self.generations.put_nowait)
        session.on("input_audio_transcription_completed", self._transcribed)

    def _transcribed(self, event: llm.InputTranscriptionCompleted) -> None:
        if event.is_final:
            self.transcripts.append(event.transcript)

    async def speak(self, text: str) -> None:
        """Push the text as speech, and a second of silence."""
        samples = np.concatenate((speech(text), np.zeros(RATE_HZ, dtype=np.int16)))
        for start in range(0, len(samples) - _FRAME, _FRAME):
            data = samples[start : start + _FRAME].tobytes()
            self.session.push_audio(rtc.AudioFrame(data, RATE_HZ, 1, _FRAME))

    async def reply(self) -> tuple[str, float, list[llm.FunctionCall]]:
        """What the next generation says, for how long in seconds, and which functions it calls."""
        async with asyncio.timeout(_PATIENCE_S):
            generation = await self.generations.get()
            said, spoken_s = "", 0.0
            async for message in generation.message_stream:
                said += "".join([str(text) async for text in message.text_stream])
                spoken_s += sum([frame.duration async for frame in message.audio_stream])
            return said, spoken_s, [call async for call in generation.function_stream]


@asynccontextmanager
async def calling(sandbox: Sandbox, **options: Any) -> AsyncIterator[Call]:
    """A session with these options of the plugin, and its defaults."""
    async with aiohttp.ClientSession() as http:
        model = openai.realtime.RealtimeModel(
            base_url=sandbox.base_url, api_key="any", http_session=http, **options
        )
        call = Call(model.session())
        yield call
        await call.session.aclose()


@pytest.fixture
async def call(sandbox: Sandbox) -> AsyncIterator[Call]:
    """A session with the plugin's defaults: server turn detection, transcription, audio out."""
    async with calling(sandbox) as call:
        yield call
    assert not call.errors


async def test_a_question_a_tool_and_its_result(call: Call) -> None:
    """A spoken question calls the tool, and the result that the plugin hands back is spoken."""
    await call.session.update_instructions("You tell the time.")
    await call.session.update_tools([get_time])
    await call.speak("What time is it in Tokyo?")
    _, _, functions = await call.reply()
    assert [(f.name, f.arguments) for f in functions] == [("get_time", '{"place": "Tokyo"}')]
    assert "tokyo" in call.transcripts[0].lower()
    history = call.session.chat_ctx.copy()
    history.items.append(
        llm.FunctionCallOutput(
            call_id=functions[0].call_id, name="get_time", output="half past four", is_error=False
        )
    )
    await call.session.update_chat_ctx(history)
    await call.session.generate_reply()
    said, spoken_s, _ = await call.reply()
    assert "half past four" in said
    assert spoken_s > 0.5
    assert [item.type for item in call.session.chat_ctx.items] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]


async def test_history_is_kept_as_the_plugin_orders_it(call: Call) -> None:
    """Items put before, between and away are where the plugin wants them."""
    history = llm.ChatContext.empty()
    for role, text in (("user", "one"), ("assistant", "two"), ("user", "three")):
        history.add_message(role=role, content=text)  # type: ignore[arg-type]  # of the loop
    await call.session.update_chat_ctx(history)
    first, second, third = history.items
    between = llm.ChatMessage(role="assistant", content=["between"])
    changed = llm.ChatContext([first, between, third])
    await call.session.update_chat_ctx(changed)
    assert [item.id for item in call.session.chat_ctx.items] == [first.id, between.id, third.id]
    assert second.id not in [item.id for item in call.session.chat_ctx.items]


async def test_talking_over_it_stops_it(call: Call, sandbox: Sandbox) -> None:
    """Speech cancels the reply in progress, and what was heard of it can be cut."""
    replies = [{"text": "Once upon a time there was a ship. " * 8}, {"text": "All right."}]
    sandbox.script.load(Plan.model_validate({"replies": replies}))
    generation = await call.session.generate_reply()
    async with asyncio.timeout(_PATIENCE_S):
        message = await anext(aiter(generation.message_stream))
        await anext(aiter(message.audio_stream))
    await call.speak("Stop, please.")
    _, heard_s, _ = await call.reply()
    assert heard_s < 15
    said, _, _ = await call.reply()
    assert said == "All right."
    call.session.truncate(message_id=message.message_id, modalities=["audio"], audio_end_ms=150)
    history = call.session.chat_ctx.copy()
    history.add_message(role="user", content="Go on.")
    await call.session.update_chat_ctx(history)


async def test_the_client_may_end_turns_itself(sandbox: Sandbox) -> None:
    """With turn_detection off, as with a local detector, a commit and a request get an answer."""
    sandbox.script.load(Plan.model_validate({"replies": [{"match": "tokyo", "text": "Noon."}]}))
    async with calling(sandbox, turn_detection=None) as call:
        await call.speak("What time is it in Tokyo?")
        call.session.commit_audio()
        await call.session.generate_reply()
        said, _, _ = await call.reply()
    assert said == "Noon."
    assert not call.errors


async def test_it_reconnects_with_its_history(sandbox: Sandbox) -> None:
    """After a dropped connection the plugin replays the conversation, and the talk goes on."""
    fault = {"on": "realtime", "kind": "drop", "after_events": 4}
    reply = {"match": "still there", "text": "I am."}
    sandbox.script.load(Plan.model_validate({"faults": [fault], "replies": [reply]}))
    async with calling(sandbox) as call:
        again = asyncio.Event()
        call.session.on("session_reconnected", lambda _: again.set())
        history = llm.ChatContext.empty()
        history.add_message(role="user", content="Are you still there?")
        await call.session.update_chat_ctx(history)
        async with asyncio.timeout(_PATIENCE_S):
            await again.wait()
        await call.session.generate_reply()
        said, _, _ = await call.reply()
    assert said == "I am."
    assert [error.recoverable for error in call.errors] == [True]


async def test_the_streaming_recogniser_of_the_plugin_works(sandbox: Sandbox) -> None:
    """The plugin's STT over realtime gets interim words and the final transcript of a turn."""
    async with aiohttp.ClientSession() as http:
        recogniser = openai.STT(
            model="gpt-4o-mini-transcribe",
            base_url=sandbox.base_url,
            api_key="any",
            use_realtime=True,
        )
        recogniser._session = http
        kinds, text = [], ""
        async with recogniser.stream() as stream:
            samples = np.concatenate(
                (speech("What time is it in Tokyo?"), np.zeros(RATE_HZ, dtype=np.int16))
            )
            for start in range(0, len(samples) - _FRAME, _FRAME):
                data = samples[start : start + _FRAME].tobytes()
                stream.push_frame(rtc.AudioFrame(data, RATE_HZ, 1, _FRAME))
            async with asyncio.timeout(_PATIENCE_S):
                async for event in stream:
                    kinds.append(event.type)
                    if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
                        text = event.alternatives[0].text
                        break
        await recogniser.aclose()
    assert "tokyo" in text.lower()
    assert stt.SpeechEventType.INTERIM_TRANSCRIPT in kinds
