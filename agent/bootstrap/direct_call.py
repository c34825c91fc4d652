"""A direct call that goes on: the tools that its model calls, and what its page reports of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from json_repair import repair_json

from agent.bootstrap.records import Recording
from agent.call import record
from agent.call.cost import Model
from agent.call.state import CallState
from agent.call.tool import Tool
from agent.cost.meter import Meter
from agent.tool_calls.calls import ToolCalls
from agent.tool_calls.speaking import saying
from agent.web.direct import wire
from agent.web.direct.talk import DirectControl, PageOccasion, ReportedTurns
from agent.web.refusals import Refusal

MOST_AT_ONCE = 8
"""Tools of one call that run side by side."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call is made of."""

    state: CallState
    tools: Mapping[str, Tool]
    tool_calls: ToolCalls
    turns: ReportedTurns
    recording: Recording
    meter: Meter
    persona: str
    models: Mapping[str, Model]
    """Whose usage is reported, by the names of `wire.Used.by`."""
    most_calls: int
    """Of tools, in the whole call."""


@dataclass(eq=False)
class OpenCall:
    """A DirectCall of `agent.web.direct`."""

    session: Mapping[str, Any]
    first_words: str
    parts: Parts
    over: str = ""
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    _answers: dict[str, asyncio.Task[wire.ToolAnswer]] = field(default_factory=dict)
    _questions: dict[str, Callable[[str], None]] = field(default_factory=dict)

    def must_end(self, reason: str) -> None:
        """Have the page end the call, for this reason."""
        self.over = self.over or reason

    async def use(self, tool: str, asked: wire.ToolAsked) -> wire.ToolAnswer:
        """See DirectCall. The same call of the provider's is answered once, however often a page
        asks for it.
        """
        task = self._answers.get(asked.call_id)
        if task is None:
            task = self._answers[asked.call_id] = asyncio.create_task(
                self._use(self._found(tool), asked), name=f"direct {tool}"
            )
        # A page that gives up does not stop what was begun for it.
        return await asyncio.shield(task)

    def note(self, event: wire.Reported) -> None:
        """See DirectCall."""
        note, parts = self.parts.recording.listener.note, self.parts
        match event:
            case wire.TurnBegan():
                parts.turns.began(event.item_id)
            case wire.TurnHeard():
                note(record.TurnHeard(event.item_id, event.text))
                parts.turns.heard(event.item_id, event.text)
            case wire.TurnSpoken():
                said = record.TurnSpoken(
                    event.item_id, parts.persona, event.text, event.heard, event.interrupted
                )
                note(said)
                if (heard := self._questions.pop(event.answers, None)) is not None:
                    heard(event.heard)
            case wire.Used():
                parts.meter.count(parts.models[event.by], event.usage.amounts())
            case wire.Faulted():
                note(record.Fault("page", event.code, recoverable=True, message=event.message))

    async def aclose(self, reason: str) -> None:
        """See DirectCall."""
        self.must_end(reason)
        self.parts.recording.ends(reason)
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)
        await self.closing.aclose()

    def _found(self, name: str) -> Tool:
        tool = self.parts.tools.get(name)
        if tool is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no_such_tool", "This call has no such tool.")
        running = sum(not task.done() for task in self._answers.values())
        if running >= MOST_AT_ONCE or len(self._answers) >= self.parts.most_calls:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS, "too_many_tools", "Too many tools were called."
            )
        return tool

    async def _use(self, tool: Tool, asked: wire.ToolAsked) -> wire.ToolAnswer:
        if self.over:
            return wire.ToolAnswer(output="The call is over. Say goodbye.", failed=True)
        arguments = _arguments(asked.arguments)
        if arguments is None:
            words = "Nothing was done: the arguments were no JSON object. Call it again with one."
            return wire.ToolAnswer(output=words, failed=True)
        parts = self.parts
        occasion = PageOccasion(asked.call_id, self._questions.__setitem__)
        answer = await parts.tool_calls.answer(tool, arguments, occasion)
        control = parts.state.control
        return wire.ToolAnswer(
            output=answer.text,
            failed=answer.failed,
            silent=answer.silent,
            say=saying(occasion.question, language=parts.state.language)
            if occasion.question
            else "",
            hang_up=isinstance(control, DirectControl) and control.hangs_up,
        )


def _arguments(text: str) -> dict[str, Any] | None:
    """What a model wrote, repaired where it is almost JSON, as in a room's calls."""
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError):
        try:
            given = repair_json(text, return_objects=True)
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, dict) else None
