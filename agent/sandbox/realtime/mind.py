"""From a conversation to the next reply: what the dialogue engine or the script says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from agent.sandbox.dialogue import Message, Reply, Tool, ToolCall, ToolChoice, respond
from agent.sandbox.realtime.conversation import Item
from agent.sandbox.script import Script


@dataclass(frozen=True, slots=True)
class Question:
    """What a response has to answer."""

    items: tuple[Item, ...]
    session_instructions: str
    instructions: str | None
    """For this one response, in the place of the session's."""
    tools: tuple[dict[str, Any], ...]
    tool_choice: str | dict[str, Any]
    parallel_tool_calls: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function to call; `arguments` is JSON, unless a script wants it broken."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and then which functions to call."""

    text: str
    calls: tuple[Call, ...]


class HearingFailedError(Exception):
    """The user's audio could not be recognised, so there is nothing to answer."""


async def answer(question: Question, script: Script) -> Answer:
    """The reply, once all audio in the question has been heard. Raises HearingFailedError."""
    messages = [message async for message in _messages(question.items)]
    scripted = script.take_reply(_last_user_text(messages))
    if scripted is not None:
        calls = tuple(Call(call.name, _as_json(call.arguments)) for call in scripted.tool_calls)
        return Answer(scripted.text, calls)
    reply = await asyncio.to_thread(_respond, question, messages)
    calls = tuple(Call(call.name, json.dumps(call.arguments)) for call in reply.tool_calls)
    return Answer(reply.text, calls)


def _respond(question: Question, messages: list[Message]) -> Reply:
    instructions = question.instructions or ""
    standing = question.session_instructions
    if question.instructions is None or instructions.startswith(standing):
        # A client that wants both sends both, as the ones replace the others: told apart again,
        # the engine sees what is meant for this reply alone.
        instructions = instructions.removeprefix(standing).strip()
        messages = [Message("system", standing), *messages] if standing else messages
    return respond(
        messages,
        [_tool(tool) for tool in question.tools],
        instructions=instructions,
        tool_choice=_choice(question.tool_choice),
        parallel_tool_calls=question.parallel_tool_calls,
    )


async def _messages(items: Iterable[Item]) -> AsyncIterator[Message]:
    """The conversation in the engine's terms; a text and the calls after it become one message."""
    pending: Message | None = None
    for item in items:
        message = await _message(item)
        if pending is not None and message.role == pending.role == "assistant":
            pending = replace(
                pending,
                text=" ".join(filter(None, (pending.text, message.text))),
                tool_calls=pending.tool_calls + message.tool_calls,
            )
            continue
        if pending is not None:
            yield pending
        pending = message
    if pending is not None:
        yield pending


async def _message(item: Item) -> Message:
    document = item.document
    if document["type"] == "function_call":
        call = ToolCall(document["name"], _arguments(document["arguments"]), document["call_id"])
        return Message("assistant", tool_calls=(call,))
    if document["type"] == "function_call_output":
        return Message("tool", document["output"], call_id=document["call_id"])
    words = [
        await _heard(item, index)
        if index in item.recordings
        else part.get("text") or part.get("transcript") or ""
        for index, part in enumerate(document["content"])
    ]
    return Message(document["role"], " ".join(filter(None, words)))


async def _heard(item: Item, index: int) -> str:
    transcript = await item.recordings[index].transcript()
    if transcript is None:
        raise HearingFailedError
    return transcript.text


def _last_user_text(messages: list[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _arguments(arguments: str) -> dict[str, Any]:
    try:
        value = json.loads(arguments)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _as_json(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _tool(tool: dict[str, Any]) -> Tool:
    parameters = tool.get("parameters")
    return Tool(
        tool["name"],
        tool.get("description") or "",
        parameters if isinstance(parameters, dict) else {},
    )


def _choice(choice: str | dict[str, Any]) -> ToolChoice:
    match choice:
        case "none" | "required":
            return ToolChoice(choice)
        case {"name": str(name)}:
            return ToolChoice("required", name)
        case _:
            return ToolChoice()
