"""`/v1/chat/completions` as OpenAI's own client and LiveKit's plugin see it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from livekit.agents import llm
from livekit.plugins.openai import LLM
from openai.types.chat import ChatCompletionChunk

from agent.sandbox.script import Delays, Fault, Plan, ScriptedReply, ScriptedToolCall
from tests.integration.sandbox.conftest import Sandbox

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Look up the current weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}


def plan(*replies: ScriptedReply, **rest: Any) -> Plan:
    return Plan(replies=replies, **rest)


async def ask(client: openai.AsyncOpenAI, **changes: Any) -> Any:
    """A completion for the question, with some parameters set otherwise."""
    return await client.chat.completions.create(
        **{"model": "gpt-4.1-mini", "messages": [QUESTION], **changes}
    )


async def streamed(client: openai.AsyncOpenAI, **changes: Any) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in await ask(client, stream=True, **changes)]


async def test_a_tool_is_called_and_its_result_told(client: openai.AsyncOpenAI) -> None:
    """The whole round: the question calls the tool, and its result comes back in words."""
    first = (await ask(client, tools=[WEATHER])).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "14 degrees and rain"}
    messages = [QUESTION, first.message.model_dump(exclude_none=True), result]
    second = (await ask(client, messages=messages, tools=[WEATHER])).choices[0]
    assert second.finish_reason == "stop"
    assert "rain" in second.message.content


async def test_every_form_of_message_is_taken(client: openai.AsyncOpenAI) -> None:
    """Developer and system roles, content parts and a call without content are all valid."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "not json"}}
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "done"}]},
        {"role": "user", "content": "Hello!", "name": "Ann"},
    ]
    completion = await ask(client, messages=messages)
    assert completion.choices[0].message.content
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 10


async def test_text_streams_word_by_word(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """The role, then words that join to the reply, then the reason it ends, then usage."""
    sandbox.script.load(plan(ScriptedReply(text="It rains in Paris, sadly.")))
    chunks = await streamed(client, stream_options={"include_usage": True})
    assert chunks[0].choices[0].delta.role == "assistant"
    words = [chunk.choices[0].delta.content for chunk in chunks[1:-2]]
    assert words == ["It", " rains", " in", " Paris", ",", " sadly", "."]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 7
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


async def test_calls_stream_in_fragments(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """Each call opens with its id and name; fragments of its arguments follow under its index."""
    arguments = [{"city": "Paris"}, {"city": "Rome", "days": 3}]
    calls = tuple(ScriptedToolCall(name="get_weather", arguments=a) for a in arguments)
    sandbox.script.load(plan(ScriptedReply(tool_calls=calls)))
    chunks = await streamed(client)
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    for index, expected in enumerate(arguments):
        opening, *fragments = [delta for delta in deltas if delta.index == index]
        assert opening.id
        assert opening.function is not None
        assert opening.function.name == "get_weather"
        assert len(fragments) > 1
        joined = "".join(part.function.arguments or "" for part in fragments if part.function)
        assert json.loads(joined) == expected
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_the_client_helper_assembles_the_stream(client: openai.AsyncOpenAI) -> None:
    """OpenAI's own stream helper, which checks the order of chunks, ends with the parsed call."""
    async with client.chat.completions.stream(
        model="gpt-4.1-mini",
        messages=[QUESTION],  # type: ignore[list-item]
        tools=[WEATHER],  # type: ignore[list-item]
    ) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert json.loads(calls[0].function.arguments) == {"city": "Paris"}


async def test_tool_choice_is_heeded(client: openai.AsyncOpenAI) -> None:
    """With none the mind does not call; with required or a name it must."""
    none = await ask(client, tools=[WEATHER], tool_choice="none")
    assert not none.choices[0].message.tool_calls
    hello = [{"role": "user", "content": "Hello! I live in Oslo."}]
    for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
        forced = await ask(client, messages=hello, tools=[WEATHER], tool_choice=choice)
        assert forced.choices[0].message.tool_calls[0].function.name == "get_weather"


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_cuts_the_reply(
    sandbox: Sandbox, client: openai.AsyncOpenAI, limit: str
) -> None:
    """A reply beyond the limit is cut there and says so."""
    sandbox.script.load(plan(ScriptedReply(text="one two three four")))
    completion = await ask(client, **{limit: 2})
    assert completion.choices[0].message.content == "one two"
    assert completion.choices[0].finish_reason == "length"


async def test_a_stop_sequence_ends_the_reply(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """The reply ends before the first stop sequence."""
    sandbox.script.load(plan(ScriptedReply(text="one two three four")))
    completion = await ask(client, stop=["four", " three"])
    assert completion.choices[0].message.content == "one two"
    assert completion.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "pirate", "content": "arr"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user"}]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "", "tool_call_id": "a"}]}, "messages[0].role"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": "sometimes"}, "tool_choice"),
        (
            {
                "tools": [WEATHER],
                "tool_choice": {"type": "function", "function": {"name": "other"}},
            },
            "tool_choice",
        ),
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 2}, "n"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"functions": []}, "functions"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"extra_body": {"nonsense": 1}}, "nonsense"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: openai.AsyncOpenAI, changes: dict[str, Any], param: str
) -> None:
    """What is missing, wrong or not supported is a 400 that names the parameter."""
    with pytest.raises(openai.BadRequestError) as refusal:
        await ask(client, **changes)
    assert refusal.value.param == param
    assert refusal.value.type == "invalid_request_error"


async def test_an_unanswered_call_is_refused(client: openai.AsyncOpenAI) -> None:
    """As at OpenAI, a call in the history without its result is the client's mistake."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [{"role": "assistant", "tool_calls": [call]}, QUESTION]
    with pytest.raises(openai.BadRequestError, match="c1"):
        await ask(client, messages=messages)


async def test_delays_are_kept(sandbox: Sandbox, client: openai.AsyncOpenAI) -> None:
    """The first token comes no sooner than scripted, and the others at the scripted pace."""
    delays = Delays(llm_first_token_s=0.3, llm_tokens_per_s=20)
    sandbox.script.load(plan(ScriptedReply(text="one two three four five"), delays=delays))
    loop = asyncio.get_running_loop()
    start_s, arrived_s = loop.time(), []
    async for chunk in await ask(client, stream=True):
        if chunk.choices[0].delta.content:
            arrived_s.append(loop.time() - start_s)
    assert arrived_s[0] >= 0.29
    assert arrived_s[-1] - arrived_s[0] >= 4 / 20 - 0.02


async def test_scripted_status_with_retry_after(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """A scripted 429 says when to come back, once; the next request is served."""
    fault = Fault(on="chat", kind="status", status=429, retry_after_s=7)
    sandbox.script.load(Plan(faults=(fault,)))
    with pytest.raises(openai.RateLimitError) as refusal:
        await ask(client)
    assert refusal.value.response.headers["retry-after"] == "7"
    assert (await ask(client)).choices


@pytest.mark.parametrize("kind", ["drop", "close"])
@pytest.mark.parametrize("after_events", [None, 3])
async def test_a_cut_connection_is_seen_as_one(
    sandbox: Sandbox, client: openai.AsyncOpenAI, kind: str, after_events: int | None
) -> None:
    """A scripted cut ends the answer where it says; the client sees a broken connection."""
    fault = Fault.model_validate({"on": "chat", "kind": kind, "after_events": after_events})
    sandbox.script.load(Plan(faults=(fault,), replies=(ScriptedReply(text="a b c d e"),)))
    received = []
    with pytest.raises(openai.APIConnectionError):
        async for chunk in await ask(client, stream=True):
            received.append(chunk)
    assert len(received) <= (after_events or 0)
    assert (await ask(client)).choices


async def test_a_connection_may_be_cut_after_seconds(
    sandbox: Sandbox, client: openai.AsyncOpenAI
) -> None:
    """A scripted drop by time cuts a reply that is still being written."""
    sandbox.script.load(
        plan(
            ScriptedReply(text="one two three four five six seven"),
            delays=Delays(llm_tokens_per_s=5),
            faults=(Fault(on="chat", kind="drop", after_s=0.5),),
        )
    )
    received = []
    with pytest.raises(openai.APIConnectionError):
        async for chunk in await ask(client, stream=True):
            received.append(chunk)
    assert 2 <= len(received) < 8


@pytest.mark.parametrize("kind", ["hang", "half_open"])
async def test_a_silent_server_is_left_by_timeout(
    sandbox: Sandbox, client: openai.AsyncOpenAI, kind: str
) -> None:
    """A scripted hang answers nothing; only the client's own timeout ends it."""
    sandbox.script.load(Plan(faults=(Fault.model_validate({"on": "chat", "kind": kind}),)))
    with pytest.raises(openai.APITimeoutError):
        await ask(client, timeout=0.3)
    assert (await ask(client)).choices


async def test_livekit_llm_plugin_calls_a_tool(sandbox: Sandbox) -> None:
    """The plugin that the worker uses gets text and tool calls from the stream."""

    @llm.function_tool
    async def get_weather(city: str) -> str:
        """Look up the current weather in a city.

        Args:
            city: Name of the city.
        """
        return city

    context = llm.ChatContext()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content="What is the weather in Paris?")
    model = LLM(model="gpt-4.1-mini", base_url=sandbox.base_url, api_key="any")
    async with model.chat(chat_ctx=context, tools=[get_weather]) as stream:
        answer = await stream.collect()
    await model.aclose()
    (call,) = answer.tool_calls
    assert call.name == "get_weather"
    assert json.loads(call.arguments) == {"city": "Paris"}
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
