"""The realtime connection against faults: sockets that break, freeze or serve nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import llm
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

from agent.pipeline.realtime_link import PATIENCE, LinkOptions, ResilientModel, ResilientSession
from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.script import Plan
from tests.integration.realtime_link.cable import Cable
from tests.integration.sandbox.conftest import Sandbox, StartSandbox
from tests.integration.sandbox.realtime_talk import RATE_HZ, speech

_FRAME = RATE_HZ // 50
_PATIENCE_S = 20.0
_LINK = LinkOptions(heartbeat_s=5, first_audio_s=10)
LONG = (
    "There was a river and on the river was a boat. In the boat sat an old man with a dog and a"
    " cat. He had a basket full of bread and cheese and apples."
)
REST = "And that is the end of the story."


@llm.function_tool
async def get_time(place: str) -> str:
    """The current time in a city."""
    return f"noon in {place}"


class Call:
    """A session as the framework uses one, with what it reported and sent."""

    def __init__(self, session: ResilientSession, cable: Cable) -> None:
        self.session = session
        self.cable = cable
        self.errors: list[llm.RealtimeModelError] = []
        self.transcripts: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.generations: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
        self.connected_again = asyncio.Event()
        self.failed = asyncio.Event()
        session.on("error", self._failed)
        session.on("generation_created", self.generations.put_nowait)
        session.on("session_reconnected", lambda _: self.connected_again.set())
        session.on("openai_client_event_queued", self._sent)
        session.on("input_audio_transcription_completed", self._transcribed)

    def _failed(self, error: llm.RealtimeModelError) -> None:
        self.errors.append(error)
        if not error.recoverable:
            self.failed.set()

    def _sent(self, event: dict[str, Any]) -> None:
        if event["type"] == "response.create":
            self.requests.append(event)

    def _transcribed(self, event: llm.InputTranscriptionCompleted) -> None:
        if event.is_final:
            self.transcripts.append(event.transcript)

    def push(self, samples: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        """Let the session hear something."""
        for start in range(0, len(samples) - _FRAME, _FRAME):
            data = samples[start : start + _FRAME].tobytes()
            self.session.push_audio(rtc.AudioFrame(data, RATE_HZ, 1, _FRAME))

    async def until_sent(self) -> None:
        """Wait until the provider has taken all that was pushed: it answers in order."""
        history = self.session.chat_ctx.copy()
        history.add_message(role="system", content="mark")
        await self.session.update_chat_ctx(history)

    def texts(self) -> list[tuple[str, str]]:
        """Role and text of the messages that the provider has confirmed."""
        return [
            (item.role, item.text_content or "")
            for item in self.session.chat_ctx.items
            if isinstance(item, llm.ChatMessage)
        ]


@asynccontextmanager
async def calling(
    sandbox: Sandbox, *, link: LinkOptions = _LINK, api_key: str = "any", **options: Any
) -> AsyncIterator[Call]:
    """A session over a cable, with our local turn detection unless `options` say otherwise."""
    async with Cable(sandbox.port) as cable, aiohttp.ClientSession() as http:
        model = ResilientModel(
            link=link,
            base_url=f"http://127.0.0.1:{cable.port}/v1",
            api_key=api_key,
            http_session=http,
            conn_options=PATIENCE,
            **{"turn_detection": None, **options},
        )
        call = Call(model.session(), cable)
        try:
            yield call
        finally:
            await call.session.aclose()


async def heard(message: llm.MessageGeneration) -> tuple[str, float]:
    """A message's text and how many seconds of sound it has."""
    text = "".join([str(words) async for words in message.text_stream])
    return text, sum([frame.duration async for frame in message.audio_stream])


async def whole(generation: llm.GenerationCreatedEvent) -> list[tuple[str, float]]:
    """All messages of a reply to its end."""
    async with asyncio.timeout(_PATIENCE_S):
        return [await heard(message) async for message in generation.message_stream]


def play(sandbox: Sandbox, *replies: str, **plan: Any) -> None:
    """Let the provider answer with these texts in turn."""
    texts = [{"text": text} for text in replies]
    sandbox.script.load(Plan.model_validate({"replies": texts, **plan}))


async def test_a_reply_that_breaks_off_goes_on_as_the_same_speech(sandbox: Sandbox) -> None:
    """The rest is asked for once, with what was heard in the history: nothing twice, none lost."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply(instructions="Tell a story.")
        messages = aiter(generation.message_stream)
        first = await anext(messages)
        await anext(aiter(first.audio_stream))
        call.cable.cut()
        cut_s = time.monotonic()
        said, _ = await heard(first)
        second = await anext(messages)
        await anext(aiter(second.audio_stream))
        assert time.monotonic() - cut_s < 2
        rest, spoken_s = await heard(second)
        assert [message async for message in messages] == []
        assert call.generations.qsize() == 2  # the plugin's own record of both responses
    assert LONG.startswith(said)
    assert 0 < len(said) < len(LONG)
    assert rest == REST
    assert spoken_s > 0.5
    assert call.texts() == [("assistant", said.strip()), ("assistant", REST)] or call.texts() == [
        ("assistant", said),
        ("assistant", REST),
    ]
    assert len(call.requests) == 2
    assert said.strip() in call.requests[1]["response"]["instructions"]
    assert "Tell a story." in call.requests[1]["response"]["instructions"]
    assert all(error.recoverable for error in call.errors)


async def test_a_reply_that_had_not_begun_to_sound_is_asked_again_whole(sandbox: Sandbox) -> None:
    """Between the request and the first sound a lost connection costs time and nothing else."""
    play(sandbox, LONG, REST, delays={"realtime_first_audio_s": 0.5})
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply(instructions="Tell a story.")
        call.cable.cut()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert call.requests[1]["response"]["instructions"] == "Tell a story."


async def test_a_frozen_peer_is_noticed_and_the_request_repeated(sandbox: Sandbox) -> None:
    """A half-open connection is found by our own heartbeat; what was asked of it is asked anew."""
    play(sandbox, REST)
    async with calling(sandbox, link=replace(_LINK, heartbeat_s=0.5)) as call:
        await call.until_sent()
        call.cable.freeze()
        begun_s = time.monotonic()
        generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert time.monotonic() - begun_s < 2.5
        assert call.session.health.lost == 1


async def test_a_reply_asked_for_without_a_connection_comes_with_the_next(
    sandbox: Sandbox,
) -> None:
    """Who asks in the moment between two connections waits a little longer, and once."""
    play(sandbox, REST, LONG)
    async with calling(sandbox) as call:
        await call.until_sent()
        broken = asyncio.Event()
        call.session.on("error", lambda _: broken.set())
        call.cable.cut()
        await broken.wait()
        generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert len(call.requests) == 1


async def test_a_provider_that_hangs_is_left_after_the_deadline(sandbox: Sandbox) -> None:
    """It takes the request, answers pings and says nothing: the next connection is asked."""
    fault = {"on": "realtime", "kind": "hang", "after_events": 2}
    play(sandbox, LONG, REST, faults=[fault])
    async with calling(sandbox, link=replace(_LINK, first_audio_s=0.5)) as call:
        generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert call.session.health.missed == 1
        assert call.session.health.asked_again == 1
        assert not call.errors


async def test_a_reply_that_stops_coming_goes_on_elsewhere(sandbox: Sandbox) -> None:
    """The provider speaks, then hangs and still answers pings."""
    play(sandbox, LONG, REST, faults=[{"on": "response", "kind": "hang", "after_events": 30}])
    async with calling(sandbox, link=replace(_LINK, first_audio_s=0.5)) as call:
        generation = await call.session.generate_reply()
        (said, spoken_s), (rest, _) = await whole(generation)
        assert LONG.startswith(said)
        assert spoken_s > 0
        assert rest == REST


async def test_accept_and_drop_has_a_budget(sandbox: Sandbox) -> None:
    """The fifth loss within the time ends the session, and whoever waits for a reply is told."""
    async with calling(sandbox) as call:
        await call.until_sent()
        play(sandbox, faults=[{"on": "realtime", "kind": "drop", "after_events": 1, "times": 0}])
        call.cable.cut()
        reply = call.session.generate_reply()
        async with asyncio.timeout(_PATIENCE_S):
            await call.failed.wait()
            with pytest.raises(llm.RealtimeError):
                await reply
        assert call.session.health.lost == 5
        assert [error.recoverable for error in call.errors] == [True] * 5 + [False]


async def test_a_history_that_was_not_confirmed_in_time_is_told_again(sandbox: Sandbox) -> None:
    """A connection that breaks while it is being told the history does not forget it."""
    async with calling(sandbox) as call:
        history = llm.ChatContext.empty()
        for number in ("one", "two", "three"):
            history.add_message(role="user", content=number)
        await call.session.update_chat_ctx(history)
        drops = [{"on": "realtime", "kind": "drop", "after_events": events} for events in (1, 3, 4)]
        play(sandbox, faults=drops)
        call.cable.cut()
        async with asyncio.timeout(_PATIENCE_S):
            while call.session.health.connections < 5:  # noqa: ASYNC110 - a count, not an event
                await asyncio.sleep(0.01)
        await call.until_sent()
        assert [text for _, text in call.texts()][:3] == ["one", "two", "three"]


async def test_words_said_before_and_after_a_loss_are_one_turn(sandbox: Sandbox) -> None:
    """The first half of an utterance, which the lost session had heard, is repeated to the new."""
    play(sandbox, REST)
    samples = speech("What time is it in Tokyo?")
    async with calling(sandbox) as call:
        call.push(samples[: len(samples) // 2])
        await call.until_sent()
        call.cable.cut()
        await call.connected_again.wait()
        call.push(np.concatenate((samples[len(samples) // 2 :], np.zeros(_FRAME, np.int16))))
        call.session.commit_audio()
        await whole(await call.session.generate_reply())
        assert "what time is it in tokyo" in call.transcripts[0].lower()


async def test_a_turn_without_its_transcript_is_said_again(sandbox: Sandbox) -> None:
    """A committed turn that the provider had not turned into text is heard by the next session."""
    reply = {"match": "tokyo", "text": "Noon."}
    sandbox.script.load(
        Plan.model_validate({"replies": [reply], "delays": {"realtime_first_audio_s": 1.0}})
    )
    async with calling(sandbox) as call:
        call.push(speech("What time is it in Tokyo?"))
        call.session.commit_audio()
        asking = call.session.generate_reply()
        generation = await asking
        call.cable.cut()
        assert [text for text, _ in await whole(generation)] == ["Noon."]
        assert [text.lower().strip(" ?") for text in call.transcripts][-1].endswith("tokyo")


async def test_a_request_that_meets_an_active_response_waits_for_its_end(sandbox: Sandbox) -> None:
    """Two requests at once are two replies, one after the other."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        one = call.session.generate_reply()
        two = call.session.generate_reply()
        assert [text for text, _ in await whole(await one)] == [LONG]
        assert [text for text, _ in await whole(await two)] == [REST]
        assert not call.errors


async def test_a_function_that_was_called_is_not_called_again(sandbox: Sandbox) -> None:
    """A loss after the call leaves it to its result to be answered; the result finds its call."""
    sandbox.script.load(
        Plan.model_validate(
            {
                "replies": [
                    {"tool_calls": [{"name": "get_time", "arguments": {"place": "Tokyo"}}]},
                    {"text": "Noon."},
                ]
            }
        )
    )
    async with calling(sandbox) as call:
        await call.session.update_tools([get_time])
        generation = await call.session.generate_reply()
        async with asyncio.timeout(_PATIENCE_S):
            function = await anext(aiter(generation.function_stream))
            call.cable.cut()
            assert [f async for f in generation.function_stream] == []
            await call.connected_again.wait()
        history = call.session.chat_ctx.copy()
        output = llm.FunctionCallOutput(
            call_id=function.call_id, name="get_time", output="noon", is_error=False
        )
        history.items.append(output)
        await call.session.update_chat_ctx(history)
        kinds = [item.type for item in call.session.chat_ctx.items]
        assert kinds == ["function_call", "function_call_output"]
        assert len(call.requests) == 1
        assert [text for text, _ in await whole(await call.session.generate_reply())] == ["Noon."]


async def test_a_session_is_renewed_in_a_quiet_moment(sandbox: Sandbox) -> None:
    """Before the provider's limit; not during a reply; history and tools are there afterwards."""
    link = replace(_LINK, session_limit_s=2.0)
    play(sandbox, LONG)
    async with calling(sandbox, link=link) as call:
        await call.session.update_instructions("You tell stories.")
        await call.session.update_tools([get_time])
        assert [text for text, _ in await whole(await call.session.generate_reply())] == [LONG]
        async with asyncio.timeout(_PATIENCE_S):
            await call.connected_again.wait()
        play(sandbox)
        history = call.session.chat_ctx.copy()
        history.add_message(role="user", content="What time is it in Tokyo?")
        await call.session.update_chat_ctx(history)
        assert call.texts()[0] == ("assistant", LONG)
        generation = await call.session.generate_reply()
        async with asyncio.timeout(_PATIENCE_S):
            function = await anext(aiter(generation.function_stream))
        assert function.name == "get_time"
        assert call.session.health.renewed >= 1
        assert call.session.health.lost == 0
        assert not call.errors


async def test_a_caller_who_interrupts_a_broken_reply_ends_it(sandbox: Sandbox) -> None:
    """The rest of a reply that was talked over is neither asked for nor said."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        messages = aiter(generation.message_stream)
        first = await anext(messages)
        await anext(aiter(first.audio_stream))
        call.cable.cut()
        said, _ = await heard(first)
        call.session.interrupt()
        call.session.truncate(
            message_id=first.message_id,
            modalities=["audio"],
            audio_end_ms=200,
            audio_transcript="The",
        )
        async with asyncio.timeout(_PATIENCE_S):
            assert [message async for message in messages] == []
            await call.connected_again.wait()
        await call.until_sent()
        assert said.startswith("There")
        assert ("assistant", "The") in call.texts()
        assert said not in [text for _, text in call.texts()]
        assert len(call.requests) <= 2
        assert not call.session.has_active_generation


async def test_a_refused_key_is_not_tried_again(start_sandbox: StartSandbox) -> None:
    """What no retry can heal ends the session at once, so that the caller is told."""
    strict = await start_sandbox(api_key="right")
    async with calling(strict, api_key="wrong") as call:
        async with asyncio.timeout(_PATIENCE_S):
            await call.failed.wait()
        assert [error.recoverable for error in call.errors] == [False]
        assert call.cable.connections == 1


async def test_a_supervisor_may_replace_the_connection(sandbox: Sandbox) -> None:
    """`restart` in the middle of a reply costs no word, and is no fault of the provider."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        messages = aiter(generation.message_stream)
        first = await anext(messages)
        await anext(aiter(first.audio_stream))
        call.session.restart("asked by a test")
        said, _ = await heard(first)
        assert LONG.startswith(said)
        assert [text for text, _ in [await heard(m) async for m in messages]] == [REST]
        assert call.session.health.lost == 0
        assert not call.errors


async def test_a_frame_that_is_no_event_costs_a_connection_and_no_more(sandbox: Sandbox) -> None:
    """The session goes on elsewhere, with what was asked of it."""
    garbage = {"on": "realtime", "kind": "garbage", "after_events": 2}
    play(sandbox, REST, REST, faults=[garbage])
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert all(error.recoverable for error in call.errors)


class HoarseVoices(EspeakVoices):
    """Voices that fail at the first passage."""

    has_failed = False

    async def speak(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """As EspeakVoices, from the second passage on."""
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("no voice")
        async for chunk in super().speak(text, voice=voice, speed=speed, language=language):
            yield chunk


async def test_a_reply_that_the_provider_calls_failed_is_asked_for_again(
    start_sandbox: StartSandbox,
) -> None:
    """Its own fault is not the caller's silence."""
    sandbox = await start_sandbox(voices=HoarseVoices())
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        assert call.cable.connections == 1


async def test_a_reply_without_sound_is_asked_for_again(sandbox: Sandbox) -> None:
    """Words that nobody heard are not in the history, and the model is asked once more."""
    play(sandbox, LONG, REST, faults=[{"on": "response", "kind": "empty"}])
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        said = await whole(generation)
        assert [text for text, _ in said if text] == [REST]
        await call.until_sent()
        assert [text for _, text in call.texts()] == [REST, "mark"]
        assert call.cable.connections == 1


async def test_a_provider_without_a_voice_is_not_asked_for_ever(sandbox: Sandbox) -> None:
    """After three silent replies the speech ends, and the supervisor has its turn."""
    play(sandbox, LONG, LONG, LONG, REST, faults=[{"on": "response", "kind": "empty", "times": 3}])
    async with calling(sandbox) as call:
        generation = await call.session.generate_reply()
        assert sum([spoken_s for _, spoken_s in await whole(generation)]) == 0
        assert len(call.requests) == 3


async def test_a_caller_is_heard_by_the_providers_own_detection_across_a_loss(
    sandbox: Sandbox,
) -> None:
    """With server turn detection the next session hears the turn again, ends it and answers."""
    reply = {"match": "tokyo", "text": "Noon."}
    sandbox.script.load(Plan.model_validate({"replies": [reply]}))
    detection = ServerVad(type="server_vad", create_response=True, interrupt_response=True)
    async with calling(sandbox, turn_detection=detection) as call:
        call.push(speech("What time is it in Tokyo?"))
        await call.until_sent()
        call.cable.cut()
        await call.connected_again.wait()
        call.push(np.zeros(RATE_HZ, np.int16))
        async with asyncio.timeout(_PATIENCE_S):
            generation = await call.generations.get()
        assert [text for text, _ in await whole(generation)] == ["Noon."]


async def test_system_messages_survive_in_their_place(sandbox: Sandbox) -> None:
    """The plugin's replay leaves them out; a summary or a handoff's note may be one."""
    async with calling(sandbox) as call:
        history = llm.ChatContext.empty()
        history.add_message(role="user", content="one")
        history.add_message(role="system", content="a note")
        history.add_message(role="user", content="two")
        await call.session.update_chat_ctx(history)
        call.cable.cut()
        await call.connected_again.wait()
        await call.until_sent()
        assert [text for _, text in call.texts()] == ["one", "a note", "two", "mark"]


TALK = [("user", "My name is Ada and I lost my red umbrella."), ("assistant", "Where was that?")]


async def long_talk(call: Call, *, turns: int) -> None:
    """Let the provider know of a conversation of so many turns."""
    history = llm.ChatContext.empty()
    for role, text in TALK:
        history.add_message(role="user" if role == "user" else "assistant", content=text)
    for number in range(1, turns):
        history.add_message(role="user", content=f"question {number}")
        history.add_message(role="assistant", content=f"answer {number}")
    await call.session.update_chat_ctx(history)


async def renewed(call: Call) -> list[tuple[str, str]]:
    """What the next session was told."""
    async with asyncio.timeout(_PATIENCE_S):
        await call.connected_again.wait()
    await call.until_sent()
    return [text for text in call.texts() if text[1] != "mark"]


_SHORT = replace(_LINK, session_limit_s=2.0, summary_over_characters=100, kept_turns=2)
RECENT = [
    (role, f"{word} {n}")
    for n in (4, 5)
    for role, word in (("user", "question"), ("assistant", "answer"))
]


async def test_a_long_conversation_is_renewed_with_a_summary(sandbox: Sandbox) -> None:
    """The language model's notes come first, then the last turns word for word; tools are there."""
    asked: list[Sequence[llm.ChatItem]] = []

    async def summarise(items: Sequence[llm.ChatItem]) -> str:
        asked.append(items)
        return "Ada has lost a red umbrella."

    play(sandbox)
    async with calling(sandbox, link=_SHORT) as call:
        call.session.summarise = summarise
        await call.session.update_tools([get_time])
        await long_talk(call, turns=6)
        told = await renewed(call)
        assert told[0][0] == "system"
        assert told[0][1].endswith("Ada has lost a red umbrella.")
        assert told[1:] == RECENT
        assert [item.type for item in asked[0]] == ["message"] * 8
        history = call.session.chat_ctx.copy()
        history.add_message(role="user", content="What time is it in Tokyo?")
        await call.session.update_chat_ctx(history)
        generation = await call.session.generate_reply()
        async with asyncio.timeout(_PATIENCE_S):
            assert (await anext(aiter(generation.function_stream))).name == "get_time"
        assert not call.errors


async def test_a_summary_that_does_not_come_delays_no_renewal(sandbox: Sandbox) -> None:
    """The provider's limit is met with an extract of what was said."""

    async def never(_: Sequence[llm.ChatItem]) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    async with calling(sandbox, link=_SHORT) as call:
        call.session.summarise = never
        begun_s = time.monotonic()
        await long_talk(call, turns=6)
        told = await renewed(call)
        assert time.monotonic() - begun_s < 4
        assert "red umbrella" in told[0][1]
        assert told[1:] == RECENT


async def test_who_still_has_every_word_does_not_undo_a_summary(sandbox: Sandbox) -> None:
    """The framework's own history goes on whole, and is told as the provider knows it."""
    async with calling(sandbox, link=_SHORT) as call:
        await long_talk(call, turns=6)
        whole_history = call.session.chat_ctx.copy()
        told = await renewed(call)
        whole_history.add_message(role="user", content="question 6")
        await call.session.update_chat_ctx(whole_history)
        assert call.texts() == [*told, ("user", "question 6")]
