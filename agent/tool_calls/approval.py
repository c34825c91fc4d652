"""Effects that a person on the operator's side must allow, asked over LiveKit's RPC."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from livekit import rtc

from agent.call.state import CallerIdentity
from agent.call.tool import Tool
from agent.tool_calls.perform import Ending

logger = logging.getLogger(__name__)

METHOD = "parley.approve_tool"
"""Called at the operator's participant with `{"tool", "description", "arguments"}`. It allows the
call by answering exactly `{"allowed": true}`; every other answer refuses it.
"""
ROLE_ATTRIBUTE, OPERATOR_ROLE = "parley.role", "operator"
"""Who has this attribute counts as operator. It is trusted because it comes in the signed token:
Parley's own tokens let nobody change their attributes, and tokens made elsewhere must not either
(`can_update_own_metadata=False`).
"""
MAX_VALUE_CHARACTERS = 200
HIDDEN = "(hidden)"


class Approver(Protocol):
    """Asks a person."""

    async def ask(self, tool: Tool, arguments: Mapping[str, Any], *, limit_s: float) -> bool | None:
        """Whether a call of a tool is allowed; None if nobody was there to say so in time."""
        ...


class RoomApprover:
    """An Approver for a room: asks each operator in it but the caller; the first answer counts."""

    def __init__(self, room: rtc.Room, caller: CallerIdentity) -> None:
        self._room = room
        self._caller = caller

    async def ask(self, tool: Tool, arguments: Mapping[str, Any], *, limit_s: float) -> bool | None:
        """See Approver."""
        payload = request_for(tool, arguments)
        asking = {
            asyncio.create_task(self._ask(identity, payload, limit_s))
            for identity in self._operators()
        }
        try:
            for answer in asyncio.as_completed(asking):
                if (allowed := await answer) is not None:
                    return allowed
        finally:
            for task in asking:
                task.cancel()
        return None

    def _operators(self) -> list[str]:
        return [
            participant.identity
            for participant in self._room.remote_participants.values()
            if participant.attributes.get(ROLE_ATTRIBUTE) == OPERATOR_ROLE
            and participant.identity != self._caller.identity
        ]

    async def _ask(self, identity: str, payload: str, limit_s: float) -> bool | None:
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._room.local_participant.perform_rpc(
                    destination_identity=identity,
                    method=METHOD,
                    payload=payload,
                    response_timeout=limit_s,
                )
        except TimeoutError:
            return None
        except rtc.RpcError as error:  # they left, or their client does not know the method
            logger.info("an operator could not be asked", extra={"code": error.code})
            return None
        return allows(answer)


def request_for(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """What the operator gets to read: private values are hidden, long ones cut."""
    shown = {
        name: HIDDEN if name in tool.policy.private else str(value)[:MAX_VALUE_CHARACTERS]
        for name, value in arguments.items()
    }
    return json.dumps({"tool": tool.name, "description": tool.description, "arguments": shown})


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
