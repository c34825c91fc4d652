"""Replies that are asked for before the turn is over: handed over, or as if they had never been."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from livekit.agents import llm

from agent.sandbox.script import Plan
from tests.integration.realtime_link.test_realtime_link import (
    _LINK,
    LONG,
    REST,
    Call,
    calling,
    get_time,
    play,
    whole,
)
from tests.integration.sandbox.conftest import Sandbox
from tests.integration.sandbox.realtime_talk import RATE_HZ, speech

_PATIENCE_S = 20.0
_QUESTION = "What time is it in Tokyo?"
_SILENCE = np.zeros(RATE_HZ // 5, np.int16)


class Wire:
    """What went over the wire of a call, and a way to wait for it."""

    def __init__(self, call: Call) -> None:
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        call.session.on("openai_client_event_queued", lambda event: self._note(self.sent, event))
        call.session.on(
            "openai_server_event_received", lambda event: self._note(self.received, event)
        )

    def _note(self, events: list[dict[str, Any]], event: dict[str, Any]) -> None:
        events.append(dict(event))
        self._changed.set()

    def asked(self) -> int:
        """How many replies were asked for."""
        return sum(event["type"] == "response.create" for event in self.sent)

    def has_received(self, kind: str) -> Callable[[], bool]:
        """Whether the provider sent such an event."""
        return lambda: any(event["type"] == kind for event in self.received)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def begin(call: Call, text: str = _QUESTION) -> Wire:
    """Say something, and have the reply to it asked for early."""
    wire = Wire(call)
    await call.until_sent()
    call.session.speech_began()
    call.push(speech(text))
    assert call.session.reply_early()
    return wire


async def end(call: Call) -> llm.GenerationCreatedEvent:
    """End the turn as the framework does, and wait for the reply."""
    call.push(_SILENCE)
    call.session.commit_audio()
    async with asyncio.timeout(_PATIENCE_S):
        return await call.session.generate_reply()


def answer_by_words(sandbox: Sandbox, **plan: Any) -> None:
    """Let the provider answer the whole question with REST, and anything else with LONG."""
    replies = [{"match": "tokyo", "text": REST, "times": 0}, {"text": LONG, "times": 0}]
    sandbox.script.load(Plan.model_validate({"replies": replies, **plan}))


def said(call: Call) -> list[tuple[str, str]]:
    """The messages of both sides, without the marks."""
    return [(role, text) for role, text in call.texts() if role != "system"]


def words(text: str) -> str:
    """In lower case, without a full stop."""
    return text.lower().strip(" .?!")


async def test_a_turn_that_is_over_gets_the_reply_that_has_begun(sandbox: Sandbox) -> None:
    """It is asked for once, committed once, and nobody knows of it before."""
    play(sandbox, REST)
    async with calling(sandbox) as call:
        wire = await begin(call)
        transcribed = "conversation.item.input_audio_transcription.completed"
        await wire.until(wire.has_received("response.done"))
        await wire.until(wire.has_received(transcribed))
        assert said(call) == []
        assert call.transcripts == []
        assert not call.session.has_active_generation
        generation = await end(call)
        assert [text for text, _ in await whole(generation)] == [REST]
        await call.until_sent()
        assert [words(text) for text in call.transcripts] == [words(_QUESTION)]
        assert [role for role, _ in said(call)] == ["user", "assistant"]
        assert said(call)[1] == ("assistant", REST)
        assert wire.asked() == 1
        assert call.session.speculation.wasted == 0
        assert not call.errors


async def test_a_reply_in_the_making_is_handed_over_as_it_is(sandbox: Sandbox) -> None:
    """The turn may be over before the provider has said anything."""
    play(sandbox, REST, delays={"realtime_first_audio_s": 0.5})
    async with calling(sandbox) as call:
        wire = await begin(call)
        assert [text for text, _ in await whole(await end(call))] == [REST]
        await call.until_sent()
        assert [role for role, _ in said(call)] == ["user", "assistant"]
        assert wire.asked() == 1


async def test_a_caller_who_goes_on_is_heard_in_one_piece(sandbox: Sandbox) -> None:
    """Whether or not the reply had begun, it and its item leave no trace."""
    half = speech(_QUESTION)
    for waits_for in ("input_audio_buffer.append", "response.created", "response.done"):
        answer_by_words(sandbox)
        async with calling(sandbox) as call:
            wire = Wire(call)
            await call.until_sent()
            call.session.speech_began()
            call.push(half[: len(half) // 2])
            assert call.session.reply_early()
            if waits_for.startswith("response"):
                await wire.until(wire.has_received(waits_for))
            call.session.speech_began()
            call.push(np.concatenate((half[len(half) // 2 :], _SILENCE)))
            assert [text for text, _ in await whole(await end(call))] == [REST]
            await call.until_sent()
            assert [words(text) for text in call.transcripts] == [words(_QUESTION)], waits_for
            assert [role for role, _ in said(call)] == ["user", "assistant"]
            assert said(call)[1][1] == REST
            assert call.session.speculation.wasted == 1
            assert not call.errors


async def test_the_provider_forgets_what_was_taken_back(sandbox: Sandbox) -> None:
    """Its conversation has neither the half sentence nor the reply to it."""
    play(sandbox, LONG)
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.output_audio.delta"))
        items = {e["item"]["id"] for e in wire.received if e["type"] == "conversation.item.added"}
        call.session.speech_began()
        gone = "conversation.item.deleted"
        left = {item["id"] for item in map(_message, wire.received) if item}
        await wire.until(lambda: left <= {e["item_id"] for e in wire.received if e["type"] == gone})
        assert left <= items
        assert len(left) == 2
        assert said(call) == []
        assert call.transcripts == []


def _message(event: dict[str, Any]) -> dict[str, Any]:
    is_message = event["type"] == "conversation.item.added" and event["item"]["role"] != "system"
    return event["item"] if is_message else {}


async def test_a_lost_connection_hears_the_turn_go_on(sandbox: Sandbox) -> None:
    """What was answered early on a connection that broke is said again, and is no turn yet."""
    answer_by_words(sandbox)
    samples = speech(_QUESTION)
    async with calling(sandbox) as call:
        wire = Wire(call)
        await call.until_sent()
        call.session.speech_began()
        call.push(samples[: len(samples) // 2])
        assert call.session.reply_early()
        await wire.until(wire.has_received("response.created"))
        call.cable.cut()
        await asyncio.wait_for(call.connected_again.wait(), _PATIENCE_S)
        call.push(samples[len(samples) // 2 :])
        assert [text for text, _ in await whole(await end(call))] == [REST]
        await call.until_sent()
        assert [words(text) for text in call.transcripts] == [words(_QUESTION)]
        assert [role for role, _ in said(call)] == ["user", "assistant"]


async def test_a_connection_lost_at_the_turns_end_loses_no_turn(sandbox: Sandbox) -> None:
    """The reply is asked for again on the next."""
    answer_by_words(sandbox, delays={"stt_s": 0.5})
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.created"))
        call.session.commit_audio()
        call.cable.cut()
        await asyncio.wait_for(call.connected_again.wait(), _PATIENCE_S)
        async with asyncio.timeout(_PATIENCE_S):
            generation = await call.session.generate_reply()
        assert [text for text, _ in await whole(generation)] == [REST]
        await call.until_sent()
        assert [words(text) for text in call.transcripts] == [words(_QUESTION)]


async def test_a_function_is_not_called_before_the_turn_is_over(sandbox: Sandbox) -> None:
    """And is known with its arguments, to be answered like any other."""
    call_of = {"tool_calls": [{"name": "get_time", "arguments": {"place": "Tokyo"}}]}
    replies = [call_of, {"text": "Noon."}]
    sandbox.script.load(Plan.model_validate({"replies": replies}))
    async with calling(sandbox) as call:
        await call.session.update_tools([get_time])
        wire = await begin(call)
        await wire.until(wire.has_received("response.done"))
        assert said(call) == []
        generation = await end(call)
        functions = [function async for function in generation.function_stream]
        assert [function.arguments for function in functions] == ['{"place": "Tokyo"}']
        history = call.session.chat_ctx.copy()
        assert [i.arguments for i in history.items if isinstance(i, llm.FunctionCall)] == [
            '{"place": "Tokyo"}'
        ]
        history.items.append(
            llm.FunctionCallOutput(
                call_id=functions[0].call_id, name="get_time", output="noon", is_error=False
            )
        )
        await call.session.update_chat_ctx(history)
        assert [text for text, _ in await whole(await call.session.generate_reply())] == ["Noon."]


async def test_a_reply_to_other_instructions_is_another(sandbox: Sandbox) -> None:
    """What was made early answers the caller, and nothing else."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.output_audio.delta"))
        call.session.commit_audio()
        generation = await call.session.generate_reply(instructions="Apologise.")
        assert [text for text, _ in await whole(generation)] == [REST]
        await call.until_sent()
        assert said(call)[1:] == [("assistant", REST)]
        assert not call.errors


async def test_a_change_of_the_conversation_makes_it_stale(sandbox: Sandbox) -> None:
    """New instructions hold for the reply to the turn that is being said, and the turn stays."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.output_audio.delta"))
        await call.session.update_instructions("Be brief.")
        assert [text for text, _ in await whole(await end(call))] == [REST]
        await call.until_sent()
        assert [role for role, _ in said(call)] == ["user", "assistant"]
        assert wire.asked() == 2
        assert not call.errors


async def test_a_reply_that_fails_is_asked_for_again(sandbox: Sandbox) -> None:
    """When the turn is over; the caller learns of no fault."""
    answer_by_words(sandbox, faults=[{"on": "response", "kind": "empty"}])
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.done"))
        assert [text for text, _ in await whole(await end(call))] == [REST]
        assert wire.asked() == 2
        assert not call.errors


async def test_what_is_no_turn_leaves_no_trace(sandbox: Sandbox) -> None:
    """Sound that is cleared takes its early reply along."""
    play(sandbox, LONG, REST)
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.output_audio.delta"))
        call.session.clear_audio()
        call.session.speech_began()
        call.push(speech(_QUESTION))
        assert [text for text, _ in await whole(await end(call))] == [REST]
        await call.until_sent()
        assert [words(text) for text in call.transcripts] == [words(_QUESTION)]
        assert [role for role, _ in said(call)] == ["user", "assistant"]


async def test_a_turn_that_nobody_answers_stays_without_its_reply(sandbox: Sandbox) -> None:
    """As where another takes it: the item is told, the reply leaves the conversation."""
    play(sandbox, LONG)
    async with calling(sandbox) as call:
        wire = await begin(call)
        await wire.until(wire.has_received("response.output_audio.delta"))
        call.session.commit_audio()
        await wire.until(wire.has_received("conversation.item.deleted"))
        await call.until_sent()
        assert [role for role, _ in said(call)] == ["user"]


async def test_what_was_in_vain_is_bounded(sandbox: Sandbox) -> None:
    """A caller who pauses all the time costs no more than so many replies in a minute."""
    play(sandbox, LONG, LONG)
    async with calling(sandbox, link=replace(_LINK, max_wasted_per_min=1)) as call:
        await begin(call)
        call.session.speech_began()
        call.push(speech("and in Paris"))
        assert not call.session.reply_early()
        assert call.session.speculation.held_back == 1


async def test_silence_is_not_answered(sandbox: Sandbox) -> None:
    """Nor a reply asked for beside another, nor twice in a turn."""
    play(sandbox, LONG)
    async with calling(sandbox) as call:
        await call.until_sent()
        call.push(np.zeros(RATE_HZ, np.int16))
        assert not call.session.reply_early()
        call.session.speech_began()
        call.push(speech(_QUESTION))
        assert call.session.reply_early()
        assert not call.session.reply_early()
        generation = await end(call)
        call.session.speech_began()
        call.push(speech(_QUESTION))
        assert not call.session.reply_early()
        await whole(generation)


async def test_what_was_written_down_outlives_the_session(sandbox: Sandbox) -> None:
    """The provider breaks off in the pause, then refuses: whoever takes over has the words."""
    answer_by_words(sandbox)
    async with calling(sandbox) as call:
        wire = await begin(call)
        transcribed = "conversation.item.input_audio_transcription.completed"
        await wire.until(wire.has_received(transcribed))
        assert call.transcripts == []
        refusal = {"on": "realtime", "kind": "status", "status": 401, "times": 0}
        play(sandbox, faults=[refusal])
        call.cable.cut()
        await asyncio.wait_for(call.failed.wait(), _PATIENCE_S)
        assert [words(text) for text in call.transcripts] == [words(_QUESTION)]
