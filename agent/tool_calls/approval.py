"""Effects that a person on the operator's side must allow, asked over LiveKit's RPC."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from livekit import rtc

from agent.call.roles import OPERATOR_ROLE, ROLE_ATTRIBUTE
from agent.call.state import CallerIdentity
from agent.call.tool import Tool
from agent.tool_calls.decisions import Decisions, Question
from agent.tool_calls.perform import Ending

logger = logging.getLogger(__name__)

METHOD = "parley.approve_tool"
"""Called at the operator's participant with `{"id", "tool", "description", "arguments"}`. It allows
the call by answering exactly `{"allowed": true}`; every other answer refuses it. An operator whose
client does not know the method has as long to answer `Decisions.decide` with the id.
"""
MAX_VALUE_CHARACTERS = 200
HIDDEN = "(hidden)"


class Approver(Protocol):
    """Asks a person."""

    async def ask(self, tool: Tool, arguments: Mapping[str, Any], *, limit_s: float) -> bool | None:
        """Whether a call of a tool is allowed; None if nobody was there to say so in time."""
        ...


class RoomApprover:
    """An Approver for a room: asks each operator in it but the caller; the first answer counts.

    Args:
        room: The room.
        caller: Who may not answer.
        decisions: Where operators answer who were not asked at their own participant.
    """

    def __init__(
        self, room: rtc.Room, caller: CallerIdentity, decisions: Decisions | None = None
    ) -> None:
        self._room = room
        self._caller = caller
        self._decisions = decisions or Decisions()

    async def ask(self, tool: Tool, arguments: Mapping[str, Any], *, limit_s: float) -> bool | None:
        """See Approver."""
        operators = self._operators()
        if not operators:
            return None
        shown = shown_arguments(tool, arguments)
        with self._decisions.asking(tool.name, shown) as question:
            payload = _request(question, tool, shown)
            asking = [
                asyncio.create_task(self._ask(identity, question, payload, limit_s))
                for identity in operators
            ]
            try:
                await _first_answer(question, asking, limit_s)
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.gather(*asking, return_exceptions=True)
            return question.approved

    def _operators(self) -> list[str]:
        return [
            participant.identity
            for participant in self._room.remote_participants.values()
            if participant.attributes.get(ROLE_ATTRIBUTE) == OPERATOR_ROLE
            and participant.identity != self._caller.identity
        ]

    async def _ask(self, identity: str, question: Question, payload: str, limit_s: float) -> bool:
        """Whether they may still answer by themselves."""
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._room.local_participant.perform_rpc(
                    destination_identity=identity,
                    method=METHOD,
                    payload=payload,
                    response_timeout=limit_s,
                )
        except TimeoutError:
            return False
        except rtc.RpcError as error:  # they left, or their client does not know the method
            logger.info("an operator could not be asked", extra={"code": error.code})
            return error.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD
        question.answer(allows(answer), by=identity)
        return False


async def _first_answer(
    question: Question, asking: Sequence[asyncio.Task[bool]], limit_s: float
) -> None:
    """Return once it is answered, once nobody is left who might, or when the time is over."""
    everyone = asyncio.gather(*asking)
    either: set[asyncio.Future[Any]] = {question.answered, everyone}
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not question.answered.done() and any(await everyone):
                await asyncio.wait({question.answered})


def shown_arguments(tool: Tool, arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """What the operator gets to read: private values are hidden, long ones cut."""
    return {
        name: HIDDEN if name in tool.policy.private else str(value)[:MAX_VALUE_CHARACTERS]
        for name, value in arguments.items()
    }


def _request(question: Question, tool: Tool, shown: Mapping[str, str]) -> str:
    asked = {"id": question.id, "tool": tool.name, "description": tool.description}
    return json.dumps({**asked, "arguments": shown})


def allows(answer: str) -> bool:
    """Whether an operator's answer allows it."""
    try:
        given = json.loads(answer)
    except ValueError:
        return False
    return isinstance(given, dict) and set(given) == {"allowed"} and given["allowed"] is True


_NOBODY = (
    "Nothing was done: a colleague has to allow that, and none could be reached. Tell the caller"
    " so, and offer to take a message."
)
_NOT_ALLOWED = "Nothing was done: a colleague did not allow it. Tell the caller that it cannot be."


async def approve(
    approver: Approver | None, tool: Tool, arguments: Mapping[str, Any], *, limit_s: float
) -> Ending | None:
    """None if a call of a tool is allowed, else how it ended without being run."""
    allowed = None
    if approver is not None:
        try:
            allowed = await approver.ask(tool, arguments, limit_s=limit_s)
        except Exception:  # whatever it is, nobody has allowed it
            logger.exception("an operator could not be asked", extra={"tool": tool.name})
    if allowed is None:
        return Ending("refused", _NOBODY)
    return None if allowed else Ending("refused", _NOT_ALLOWED)
