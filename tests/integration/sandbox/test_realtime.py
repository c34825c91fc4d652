"""The realtime API as openai's client sees it: sessions, items and responses."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import openai
import pytest

from agent.sandbox.ears import Ears
from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox
from tests.integration.sandbox.realtime_talk import (
    RATE_HZ,
    joined,
    pcm,
    sound,
    talk_with,
    types,
)

LONG = "One moment please. " + "I am going to tell you a rather long story about the sea. " * 3
CLOCK = {
    "type": "function",
    "name": "get_time",
    "description": "The current time in a city.",
    "parameters": {
        "type": "object",
        "properties": {"place": {"type": "string", "description": "The city."}},
        "required": ["place"],
    },
}


def will_say(sandbox: Sandbox, *texts: str, **delays: float) -> None:
    """Script the next replies."""
    replies = [{"text": text} for text in texts]
    sandbox.script.load(Plan.model_validate({"replies": replies, "delays": delays}))


def refusal(event: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Code, parameter and the event at fault."""
    error = event["error"]
    assert error["type"] == "invalid_request_error"
    return error["code"], error["param"], error["event_id"]


async def test_a_session_begins_with_all_its_defaults(client: openai.AsyncOpenAI) -> None:
    """session.created shows what a client may rely on without asking for it."""
    async with talk_with(client) as talk:
        session = talk.events[0]["session"]
    assert session["id"].startswith("sess_")
    assert session["model"] == "gpt-realtime"
    assert session["output_modalities"] == ["audio"]
    assert session["tools"] == []
    assert session["tool_choice"] == "auto"
    assert session["max_output_tokens"] == "inf"
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["transcription"] is None
    detection = session["audio"]["input"]["turn_detection"]
    assert (detection["type"], detection["threshold"]) == ("server_vad", 0.5)
    assert (detection["prefix_padding_ms"], detection["silence_duration_ms"]) == (300, 500)
    assert detection["create_response"] is detection["interrupt_response"] is True


async def test_an_update_changes_only_what_it_names(client: openai.AsyncOpenAI) -> None:
    """Fields left out stay, null turns off, and a part of an object leaves its other parts."""
    async with talk_with(client) as talk:
        await talk.update(instructions="Be kind.", audio={"output": {"voice": "marin"}})
        session = await talk.update(
            audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}}
        )
        assert session["instructions"] == "Be kind."
        assert session["audio"]["output"]["voice"] == "marin"
        assert session["audio"]["input"]["turn_detection"]["threshold"] == 0.7
        assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
        off = await talk.update(audio={"input": {"turn_detection": None}}, instructions="")
        assert off["audio"]["input"]["turn_detection"] is None
        assert off["instructions"] == ""


async def test_a_text_is_answered_aloud(
    client: openai.AsyncOpenAI, sandbox: Sandbox, ears: Ears
) -> None:
    """A response comes in OpenAI's order, and its sound says what its transcript reads."""
    will_say(sandbox, "We are open from nine until five. Shall I book a table?")
    async with talk_with(client) as talk:
        await talk.say("When are you open?")
        events = await talk.respond()
    assert types(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    text = "We are open from nine until five. Shall I book a table?"
    assert joined(events, "response.output_audio_transcript.delta") == text
    response = events[-1]["response"]
    assert response["status"] == "completed"
    assert response["output"][0]["content"] == [{"type": "output_audio", "transcript": text}]
    heard = await ears.transcribe(
        np.frombuffer(sound(events), dtype=np.int16), sample_rate_hz=RATE_HZ
    )
    assert "open from" in heard.text.lower()
    assert "table" in heard.text.lower()


async def test_a_text_is_answered_in_writing(client: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    """A session or a single response whose output is text has no sound."""
    will_say(sandbox, "Yes, we are.", "Until five.")
    async with talk_with(client) as talk:
        await talk.say("Are you open?")
        once = await talk.respond(output_modalities=["text"])
        await talk.update(output_modalities=["text"])
        again = await talk.respond()
    for events, text in ((once, "Yes, we are."), (again, "Until five.")):
        assert joined(events, "response.output_text.delta") == text
        assert not sound(events)
        done = events[-1]["response"]
        assert done["output"][0]["content"] == [{"type": "output_text", "text": text}]
        assert done["output_modalities"] == ["text"]


async def test_a_tool_is_called_and_its_result_is_told(client: openai.AsyncOpenAI) -> None:
    """Arguments are streamed, and the result that the client hands back is in the next reply."""
    async with talk_with(client) as talk:
        await talk.update(tools=[CLOCK], output_modalities=["text"])
        await talk.say("What time is it in Tokyo?")
        events = await talk.respond()
        arguments = joined(events, "response.function_call_arguments.delta")
        assert json.loads(arguments) == {"place": "Tokyo"}
        call = events[-1]["response"]["output"][0]
        assert (call["type"], call["name"]) == ("function_call", "get_time")
        assert call["arguments"] == arguments
        assert tuple(types(events)[-4:]) == (
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        )
        await talk.send(
            "conversation.item.create",
            item={
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": "half past four",
            },
        )
        reply = await talk.respond()
    assert "half past four" in joined(reply, "response.output_text.delta")


async def test_a_scripted_call_is_sent_as_it_stands(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """A script may say something, and then call a tool with arguments that are no JSON."""
    call = {"name": "get_time", "arguments": '{"place": '}
    sandbox.script.load(
        Plan.model_validate({"replies": [{"text": "Let me see.", "tool_calls": [call]}]})
    )
    async with talk_with(client) as talk:
        output = (await talk.respond())[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call"]
    assert output[1]["arguments"] == '{"place": '


async def test_a_response_is_cancelled_by_its_client(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """A cancelled response ends all it has begun, and a new one may follow at once."""
    will_say(sandbox, LONG, "Fine.")
    async with talk_with(client) as talk:
        await talk.send("response.create")
        await talk.wait_for("response.output_audio.delta")
        await talk.send("response.cancel")
        await talk.send("response.create")
        events = await talk.until("response.done")
        assert types(events)[-6:] == [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]
        cancelled = events[-1]["response"]
        assert cancelled["status"] == "cancelled"
        assert cancelled["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert cancelled["output"][0]["status"] == "incomplete"
        assert (await talk.wait_for("response.done"))["response"]["status"] == "completed"
        await talk.send("response.cancel", event_id="late")
        error = await talk.wait_for("error")
    assert refusal(error) == ("response_cancel_not_active", None, "late")
    assert error["error"]["message"].startswith("Cancellation failed")


async def test_a_response_is_cancelled_before_it_has_begun(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """A cancel that follows the request at once finds the response, which has no output yet."""
    will_say(sandbox, LONG)
    async with talk_with(client) as talk:
        for _ in range(5):
            await talk.send("response.create")
            await talk.send("response.cancel")
            done = (await talk.wait_for("response.done"))["response"]
            assert (done["status"], done["output"]) == ("cancelled", [])


async def test_only_one_response_speaks_at_a_time(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """A second response in the conversation is refused and does not disturb the first."""
    will_say(sandbox, LONG)
    async with talk_with(client) as talk:
        await talk.send("response.create")
        created = await talk.wait_for("response.created")
        await talk.send("response.create", event_id="second")
        error = await talk.wait_for("error")
        assert refusal(error) == ("conversation_already_has_active_response", None, "second")
        assert created["response"]["id"] in error["error"]["message"]
        assert (await talk.wait_for("response.done"))["response"]["status"] == "completed"


async def test_a_response_out_of_band_leaves_the_conversation_alone(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """It runs beside the active response, on its own input, and adds no item."""
    replies = [{"text": LONG, "match": "story"}, {"text": "billing", "match": "invoice"}]
    sandbox.script.load(Plan.model_validate({"replies": replies}))
    question = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Classify: where is my invoice?"}],
    }
    async with talk_with(client) as talk:
        told = await talk.say("Tell me a story.")
        await talk.send("response.create")
        spoken = (await talk.wait_for("response.created"))["response"]
        await talk.send(
            "response.create",
            response={
                "conversation": "none",
                "input": [{"type": "item_reference", "id": told["id"]}, question],
                "output_modalities": ["text"],
                "metadata": {"topic": "classification"},
            },
        )
        first_done = (await talk.wait_for("response.done"))["response"]
        assert first_done["metadata"] == {"topic": "classification"}
        assert first_done["conversation_id"] is None
        assert first_done["output"][0]["content"][0]["text"] == "billing"
        beside = first_done["output"][0]["id"]
        assert (await talk.wait_for("response.done"))["response"]["id"] == spoken["id"]
        await talk.send("conversation.item.retrieve", item_id=beside)
        assert (await talk.wait_for("error"))["error"]["code"] == "item_retrieve_invalid_item_id"
    added = [e["item"]["id"] for e in talk.events if e["type"] == "conversation.item.added"]
    assert beside not in added


async def test_what_was_not_heard_is_cut(client: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    """Truncation leaves the words that were played, and refuses more than there is."""
    will_say(sandbox, "First comes the sea. Then comes the land.")
    async with talk_with(client) as talk:
        events = await talk.respond()
        item_id = events[-1]["response"]["output"][0]["id"]
        whole_ms = len(sound(events)) // 2 * 1000 // RATE_HZ
        cut = {"item_id": item_id, "content_index": 0}
        await talk.send("conversation.item.truncate", **cut, audio_end_ms=whole_ms + 100)
        error = await talk.wait_for("error")
        assert refusal(error)[:2] == ("invalid_value", "audio_end_ms")
        assert error["error"]["message"].endswith(f"is already shorter than {whole_ms + 100}ms")
        await talk.send("conversation.item.truncate", **cut, audio_end_ms=whole_ms * 3 // 4)
        assert (await talk.wait_for("conversation.item.truncated"))["item_id"] == item_id
        await talk.send("conversation.item.retrieve", item_id=item_id)
        part = (await talk.wait_for("conversation.item.retrieved"))["item"]["content"][0]
    assert part["transcript"].startswith("First comes the sea. Then")
    assert "land" not in part["transcript"]
    kept_ms = len(base64.b64decode(part["audio"])) // 2 * 1000 // RATE_HZ
    assert kept_ms == pytest.approx(whole_ms * 3 // 4, abs=1)


async def test_only_the_assistants_audio_can_be_cut(client: openai.AsyncOpenAI) -> None:
    """Truncating a text of the user is refused in OpenAI's words."""
    async with talk_with(client) as talk:
        item = await talk.say("Hello")
        await talk.send(
            "conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=0
        )
        error = await talk.wait_for("error")
    assert error["error"]["message"] == "Only model output audio messages can be truncated"


async def test_items_find_their_place(client: openai.AsyncOpenAI) -> None:
    """An item goes to the end, to the beginning or after another, and its events tell where."""

    def note(item_id: str) -> dict[str, Any]:
        content = [{"type": "input_text", "text": item_id}]
        return {"id": item_id, "type": "message", "role": "system", "content": content}

    async with talk_with(client) as talk:
        places = []
        for item_id, after in (("b", None), ("a", "root"), ("c", "b"), ("ab", "a")):
            place = {"previous_item_id": after} if after else {}
            await talk.send("conversation.item.create", item=note(item_id), **place)
            added, done = await talk.next(), await talk.next()
            assert (added["type"], done["type"]) == (
                "conversation.item.added",
                "conversation.item.done",
            )
            places.append((item_id, added["previous_item_id"]))
        assert places == [("b", None), ("a", None), ("c", "b"), ("ab", "a")]
        await talk.send("conversation.item.create", item=note("a"), event_id="again")
        assert refusal(await talk.next()) == ("item_create_duplicate_item_id", None, "again")
        await talk.send("conversation.item.create", item=note("x"), previous_item_id="nowhere")
        code = refusal(await talk.next())[0]
        assert code == "item_create_invalid_previous_item_id"
        await talk.send("conversation.item.delete", item_id="b")
        assert (await talk.next())["item_id"] == "b"
        await talk.send("conversation.item.delete", item_id="b")
        assert refusal(await talk.next())[0] == "item_delete_invalid_item_id"


async def test_a_deleted_item_is_forgotten(client: openai.AsyncOpenAI) -> None:
    """What the client takes out of the conversation is no longer answered."""
    async with talk_with(client) as talk:
        await talk.update(tools=[CLOCK], output_modalities=["text"])
        await talk.say("Hello")
        item = await talk.say("What time is it in Tokyo?")
        await talk.send("conversation.item.delete", item_id=item["id"])
        output = (await talk.respond())[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message"]


async def test_audio_in_an_item_is_heard_and_kept(client: openai.AsyncOpenAI) -> None:
    """A user message may bring its audio along; it is answered by what it says."""
    audio = pcm("What time is it in Tokyo?")
    content = [{"type": "input_audio", "audio": base64.b64encode(audio).decode()}]
    async with talk_with(client) as talk:
        await talk.update(tools=[CLOCK])
        await talk.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        item = (await talk.wait_for("conversation.item.done"))["item"]
        assert "audio" not in item["content"][0]
        call = (await talk.respond())[-1]["response"]["output"][0]
        assert json.loads(call["arguments"]) == {"place": "Tokyo"}
        await talk.send("conversation.item.retrieve", item_id=item["id"])
        kept = (await talk.wait_for("conversation.item.retrieved"))["item"]["content"][0]
    assert base64.b64decode(kept["audio"]) == audio


async def test_tokens_are_limited(client: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    """A response that reaches max_output_tokens ends as incomplete, with what it has."""
    will_say(sandbox, LONG)
    async with talk_with(client) as talk:
        await talk.say("Tell me a story.")
        response = (await talk.respond(max_output_tokens=12, output_modalities=["text"]))[-1]
    done = response["response"]
    assert done["status"] == "incomplete"
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert LONG.startswith(done["output"][0]["content"][0]["text"])
    assert done["usage"]["output_tokens"] == 12


async def test_usage_counts_text_and_audio(client: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    """Usage adds up, tells text from audio, and finds the earlier prompt in the cache."""
    will_say(sandbox, "Two seconds of speech, or about that.", "And again.")
    async with talk_with(client) as talk:
        await talk.update(instructions="Speak plainly. " * 40)
        await talk.say("Hello")
        first = (await talk.respond())[-1]["response"]["usage"]
        second = (await talk.respond())[-1]["response"]["usage"]
    for usage in (first, second):
        details = usage["input_token_details"], usage["output_token_details"]
        assert usage["input_tokens"] == details[0]["text_tokens"] + details[0]["audio_tokens"]
        assert usage["output_tokens"] == details[1]["text_tokens"] + details[1]["audio_tokens"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert details[1]["audio_tokens"] > 10
    assert first["input_token_details"]["cached_tokens"] == 0
    assert second["input_token_details"]["cached_tokens_details"]["text_tokens"] >= 64


async def test_the_voice_stays_once_it_has_spoken(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """Another voice is refused after the first audio; the same one is not."""
    will_say(sandbox, "Hello.")
    async with talk_with(client) as talk:
        await talk.update(audio={"output": {"voice": "cedar"}})
        await talk.respond()
        await talk.update(audio={"output": {"voice": "cedar"}})
        update = {"type": "realtime", "audio": {"output": {"voice": "marin"}}, "instructions": "x"}
        await talk.send("session.update", session=update)
        code, param, _ = refusal(await talk.wait_for("error"))
        session = (await talk.settled())[-1]["session"]
    assert (code, param) == ("cannot_update_voice", "session.audio.output.voice")
    assert session["audio"]["output"]["voice"] == "cedar"
    assert session["instructions"] != "x"


async def test_the_script_holds_back_the_first_sound(
    client: openai.AsyncOpenAI, sandbox: Sandbox
) -> None:
    """No audio comes before realtime_first_audio_s from the response's creation."""
    will_say(sandbox, "Hello.", realtime_first_audio_s=0.4)
    async with talk_with(client) as talk:
        await talk.send("response.create")
        await talk.wait_for("response.created")
        begun = asyncio.get_running_loop().time()
        await talk.wait_for("response.output_audio.delta")
        waited = asyncio.get_running_loop().time() - begun
    assert waited >= 0.39
