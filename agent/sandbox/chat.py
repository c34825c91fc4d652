"""`POST /v1/chat/completions`: the conversation so far in, the next reply out."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from aiohttp import web
from openai.types import CompletionUsage
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionMessageFunctionToolCall,
)
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import (
    ChoiceDelta,
    ChoiceDeltaToolCall,
    ChoiceDeltaToolCallFunction,
)
from openai.types.chat.chat_completion_message_function_tool_call import Function
from openai.types.completion_usage import PromptTokensDetails

from agent.sandbox import tokens
from agent.sandbox.answers import EventStream, hold_until, json_answer, read_json
from agent.sandbox.chat_request import ChatRequest, offered, read_request
from agent.sandbox.dialogue import respond
from agent.sandbox.errors import invalid
from agent.sandbox.provider import PROVIDER
from agent.sandbox.script import Script, ScriptedReply

routes = web.RouteTableDef()

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call as it goes out; `arguments` is text, JSON unless a script broke it."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished reply."""

    text: str
    calls: Sequence[Call]
    finish_reason: FinishReason
    prompt_tokens: int
    model: str
    cached_tokens: int = 0
    """Of the prompt, read before."""
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def usage(self) -> CompletionUsage:
        """Tokens in and out."""
        made = tokens.count(self.text)
        made += sum(tokens.count(call.name) + tokens.count(call.arguments) for call in self.calls)
        return CompletionUsage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=made,
            total_tokens=self.prompt_tokens + made,
            prompt_tokens_details=PromptTokensDetails(
                cached_tokens=min(self.cached_tokens, self.prompt_tokens), audio_tokens=0
            ),
        )


@routes.post("/v1/chat/completions")
async def create_completion(request: web.Request) -> web.StreamResponse:
    """The reply, whole or as it is "written"."""
    order = read_request(await read_json(request))
    script = request.app[PROVIDER].script
    completion = await _complete(order, script)
    cached_tokens = request.app[PROVIDER].prompts.read(_prompt(order))
    completion = replace(completion, cached_tokens=cached_tokens)
    if order.stream:
        return await _stream(request, order, completion)
    made = completion.usage.completion_tokens
    rate = script.delays.llm_tokens_per_s
    writing_s = made / rate if rate else 0.0
    await hold_until(request, (script.delays.llm_first_token_s or 0.0) + writing_s)
    return json_answer(_whole(completion))


async def _complete(order: ChatRequest, script: Script) -> Completion:
    tools, choice = offered(order)
    scripted = script.take_reply(order.last_user_text)
    if scripted is not None:
        return _finished(order, scripted.text, _scripted_calls(scripted))
    if order.response_format is not None and order.response_format.type != "text":
        raise invalid(
            "The sandbox answers in plain text; script the reply for another form.",
            param="response_format",
        )
    reply = await asyncio.to_thread(
        respond,
        [message.for_dialogue() for message in order.messages],
        tools,
        tool_choice=choice,
        parallel_tool_calls=order.parallel_tool_calls is not False,
    )
    calls = [Call(call.name, json.dumps(call.arguments)) for call in reply.tool_calls]
    return _finished(order, reply.text, calls)


def _scripted_calls(reply: ScriptedReply) -> list[Call]:
    return [
        Call(
            call.name,
            call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments),
        )
        for call in reply.tool_calls
    ]


def _finished(order: ChatRequest, text: str, calls: Sequence[Call]) -> Completion:
    """The reply within the request's limits. They bind the text; calls are never cut."""
    reason: FinishReason = "tool_calls" if calls else "stop"
    ends = [place for stop in order.stop if stop and (place := text.find(stop)) >= 0]
    text = text[: min(ends, default=len(text))]
    written = tokens.pieces(text)
    if order.most_tokens is not None and len(written) > order.most_tokens:
        text, reason = "".join(written[: order.most_tokens]), "length"
    prompt_tokens = sum(map(tokens.count, _prompt(order))) + 4 * len(order.messages)
    return Completion(text, calls, reason, prompt_tokens, order.model)


def _prompt(order: ChatRequest) -> Iterator[str]:
    """What is read, in the order in which it is kept: the tools stand before the messages."""
    yield from (json.dumps(tool.model_dump()) for tool in order.tools or ())
    yield from (message.content or "" for message in order.messages)


def _whole(completion: Completion) -> ChatCompletion:
    message = ChatCompletionMessage(
        role="assistant",
        content=completion.text or (None if completion.calls else ""),
        refusal=None,
    )
    if completion.calls:
        message.tool_calls = [
            ChatCompletionMessageFunctionToolCall(
                id=call.id,
                type="function",
                function=Function(name=call.name, arguments=call.arguments),
            )
            for call in completion.calls
        ]
    choice = Choice(index=0, message=message, finish_reason=completion.finish_reason, logprobs=None)
    return ChatCompletion(
        id=completion.id,
        object="chat.completion",
        created=completion.created,
        model=completion.model,
        choices=[choice],
        usage=completion.usage,
    )


async def _stream(
    request: web.Request, order: ChatRequest, completion: Completion
) -> web.StreamResponse:
    """Send the reply piece by piece, at the script's pace if it sets one."""
    delays = request.app[PROVIDER].script.delays
    pause_s = 1 / delays.llm_tokens_per_s if delays.llm_tokens_per_s else 0.0
    with_usage = order.stream_options is not None and order.stream_options.include_usage
    await hold_until(request, delays.llm_first_token_s)
    async with EventStream(request) as stream:
        for place, delta in enumerate(_deltas(completion)):
            # The role comes together with the first token.
            await asyncio.sleep(pause_s if place > 1 else 0.0)
            await stream.event(_chunk(completion, delta, with_usage=with_usage))
        await stream.event(_chunk(completion, None, with_usage=with_usage))
        if with_usage:
            await stream.event(_usage_chunk(completion))
        await stream.done()
    return stream.response


def _deltas(completion: Completion) -> Iterator[ChoiceDelta]:
    """The reply as OpenAI cuts it: the role, the text by words, then each call in fragments."""
    if completion.text or not completion.calls:
        yield ChoiceDelta(role="assistant", content="", refusal=None)
    else:
        yield ChoiceDelta(role="assistant", content=None)
    for piece in tokens.pieces(completion.text):
        yield ChoiceDelta(content=piece)
    for index, call in enumerate(completion.calls):
        opening = ChoiceDeltaToolCall(
            index=index,
            id=call.id,
            type="function",
            function=ChoiceDeltaToolCallFunction(name=call.name, arguments=""),
        )
        yield ChoiceDelta(tool_calls=[opening])
        for piece in tokens.pieces(call.arguments):
            fragment = ChoiceDeltaToolCallFunction(arguments=piece)
            yield ChoiceDelta(tool_calls=[ChoiceDeltaToolCall(index=index, function=fragment)])


def _chunk(
    completion: Completion, delta: ChoiceDelta | None, *, with_usage: bool
) -> ChatCompletionChunk:
    """One event; without a delta it is the one that tells why the reply ends."""
    choice = ChunkChoice(
        index=0,
        delta=delta or ChoiceDelta(),
        finish_reason=None if delta else completion.finish_reason,
        logprobs=None,
    )
    chunk = ChatCompletionChunk(
        id=completion.id,
        object="chat.completion.chunk",
        created=completion.created,
        model=completion.model,
        choices=[choice],
    )
    if with_usage:
        chunk.usage = None
    return chunk


def _usage_chunk(completion: Completion) -> ChatCompletionChunk:
    return ChatCompletionChunk(
        id=completion.id,
        object="chat.completion.chunk",
        created=completion.created,
        model=completion.model,
        choices=[],
        usage=completion.usage,
    )
