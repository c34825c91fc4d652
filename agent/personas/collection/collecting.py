"""The collection tools of a persona, and how one of them is run within bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from livekit.agents import Agent, AgentTask, RunContext, llm
from livekit.agents.llm import StopResponse, ToolError, function_tool
from livekit.agents.voice.agent import _pass_through_activity_task_info

from agent.call.caller_turns import CallerTurns
from agent.call.state import CallState
from agent.personas.collection.digits import DigitsTask
from agent.personas.collection.read_back import (
    AddressTask,
    DateOfBirthTask,
    EmailTask,
    NameTask,
    PhoneNumberTask,
    ReadBack,
)

logger = logging.getLogger(__name__)

LIMIT_S = 120.0
MAX_TURNS = 10
"""Of the caller's in one task: a number that is said, corrected twice and confirmed takes four."""
MAX_DIGITS = 30

_GOING_ROUND = (
    "It could not be noted down, the caller and you went round in circles. Go on without it, or"
    " offer to take a message."
)
_FOR_THE_EAR = (
    "Speak the caller's language. One short sentence at a time, numbers and letters one by one."
)

MakeTask = Callable[[type[ReadBack], Mapping[str, Any]], ReadBack]
"""Makes a task of this type, with what every agent of a call needs mixed in."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing that may be collected."""

    fact: str
    """Under which name it is kept in CallState.facts."""
    description: str
    task: type[ReadBack]
    value: Callable[[Any], str]
    options: Mapping[str, Any] = field(
        default_factory=lambda: {
            "require_confirmation": True,
            "extra_instructions": _FOR_THE_EAR,
        }
    )


def _full_name(result: Any) -> str:
    return " ".join(filter(None, (result.first_name, result.last_name)))


_KINDS: Mapping[str, _Kind] = {
    "collect_name": _Kind(
        "name",
        "Ask for the caller's first and last name and have it confirmed.",
        NameTask,
        _full_name,
        {"last_name": True, "require_confirmation": True, "extra_instructions": _FOR_THE_EAR},
    ),
    "collect_email": _Kind(
        "email",
        "Ask for the caller's e-mail address and have it confirmed.",
        EmailTask,
        lambda result: str(result.email_address),
    ),
    "collect_phone_number": _Kind(
        "phone_number",
        "Ask for a telephone number under which the caller is reached and have it confirmed.",
        PhoneNumberTask,
        lambda result: str(result.phone_number),
    ),
    "collect_date_of_birth": _Kind(
        "date_of_birth",
        "Ask for the caller's date of birth and have it confirmed.",
        DateOfBirthTask,
        lambda result: f"{result.date_of_birth:%Y-%m-%d}",
    ),
    "collect_address": _Kind(
        "address",
        "Ask for the caller's postal address and have it confirmed.",
        AddressTask,
        lambda result: str(result.address),
    ),
}
_DIGITS = "collect_digits"

COLLECTION_TOOLS = frozenset({*_KINDS, _DIGITS})
"""Names by which a persona asks for them. Each talks with the caller, and so runs for minutes."""

_DIGITS_SCHEMA = {
    "type": "object",
    "properties": {
        "what": {
            "type": "string",
            "description": 'What the digits are, such as "the customer number".',
        },
        "least": {"type": "integer", "minimum": 1, "maximum": MAX_DIGITS},
        "most": {"type": "integer", "minimum": 1, "maximum": MAX_DIGITS},
    },
    "required": ["what"],
    "additionalProperties": False,
}


class Collecting:
    """The collection tools of one call.

    Args:
        state: The call's; what was collected goes into its facts.
        turns: The caller's.
        make_task: Makes a task.
        limit_s: How long one may take.
    """

    def __init__(
        self,
        state: CallState,
        turns: CallerTurns,
        make_task: MakeTask = lambda kind, options: kind(**options),
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._state = state
        self._turns = turns
        self._make_task = make_task
        self._limit_s = limit_s
        self._awaiting: set[asyncio.Task[Any]] = set()

    def tools(self, names: tuple[str, ...]) -> tuple[llm.Tool, ...]:
        """Those of these names that are collection tools."""
        tools = []
        for name in names:
            if name == _DIGITS:
                tools.append(self._digits_tool())
            elif name in _KINDS:
                tools.append(self._tool(name, _KINDS[name]))
        return tuple(tools)

    def _tool(self, name: str, kind: _Kind) -> llm.Tool:
        async def collect(context: RunContext[Any]) -> str:
            return await self._collect(kind, context)

        return function_tool(collect, name=name, description=kind.description)

    def _digits_tool(self) -> llm.Tool:
        async def collect(raw_arguments: dict[str, object], context: RunContext[Any]) -> str:
            return await self._collect(_digits(raw_arguments), context)

        schema = {
            "name": _DIGITS,
            "description": "Have the caller say or type a number on the keypad, and confirm it.",
            "parameters": _DIGITS_SCHEMA,
        }
        return function_tool(collect, raw_schema=schema)

    async def _collect(self, kind: _Kind, context: RunContext[Any]) -> str:
        agent = context.session.current_agent
        options = {**kind.options, "turns": self._turns, "chat_ctx": _told(agent)}
        task = self._make_task(kind.task, options)
        # It speaks in the voice of the persona that it belongs to.
        task.update_options(stt=agent.stt, llm=agent.llm, tts=agent.tts)
        with self._dictation(), _bounded(task, self._turns, self._limit_s):
            result = await self._result_of(task, context)
        value = self._state.facts[kind.fact] = kind.value(result)
        return f"The caller has confirmed it: {value}. Go on with what they wanted."

    async def _result_of(self, task: ReadBack, context: RunContext[Any]) -> Any:
        """The task's result. When a fault has put another agent in its place meanwhile, nothing
        more comes of this tool: 1.8.9 then waits, within the task, for the tool that awaits it.
        """
        awaiting = asyncio.create_task(_await(task), name="collection.await")
        _pass_through_activity_task_info(awaiting)
        self._awaiting.add(awaiting)
        awaiting.add_done_callback(self._awaiting.discard)
        try:
            await task.completed.wait()
        except asyncio.CancelledError:
            awaiting.cancel()
            raise
        if context.session.current_agent is not task:
            raise StopResponse
        return await awaiting

    @contextmanager
    def _dictation(self) -> Iterator[None]:
        self._state.turns.use("dictation")
        try:
            yield
        finally:
            self._state.turns.use(None)


@contextmanager
def _bounded(task: AgentTask[Any], turns: CallerTurns, limit_s: float) -> Iterator[None]:
    """Let the task end without a result when it takes too long, or too many turns."""
    taken = count(1)

    def turn(_: str) -> None:
        if next(taken) == MAX_TURNS:
            _leave(task, _GOING_ROUND)

    count_no_more = turns.on_turn(turn)
    timer = asyncio.get_running_loop().call_later(limit_s, partial(_leave, task, _GOING_ROUND))
    try:
        yield
    finally:
        timer.cancel()
        count_no_more()


async def _await(task: ReadBack) -> Any:
    return await task


def _leave(task: AgentTask[Any], why: str) -> None:
    if not task.done():
        logger.info("a collection task is left", extra={"task": type(task).__name__})
        task.complete(ToolError(why))


def _digits(arguments: Mapping[str, object]) -> _Kind:
    what = str(arguments.get("what") or "the number")[:60]
    least, most = _count(arguments.get("least"), 1), _count(arguments.get("most"), 20)
    options = {"what": what, "least": min(least, most), "most": max(least, most)}
    fact = what.lower().removeprefix("the ").replace(" ", "_")
    return _Kind(fact, "", DigitsTask, str, options)


def _count(value: object, default: int) -> int:
    return min(max(value, 1), MAX_DIGITS) if isinstance(value, int) else default


def _told(agent: Agent) -> llm.ChatContext:
    """What a task needs of the conversation so far: the words, and nothing of other tools."""
    return agent.chat_ctx.copy(
        exclude_instructions=True,
        exclude_function_call=True,
        exclude_handoff=True,
        exclude_config_update=True,
    )
