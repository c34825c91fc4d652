"""Running a tool: in time, with every failure in words, and an effect exactly once."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass

from agent.call.events import ToolOutcome
from agent.call.ledger import Claim, Ledger, as_request
from agent.call.state import CallState
from agent.call.tool import Tool
from agent.errors import CallerError, ToolError
from agent.tool_calls.arguments import Arguments

logger = logging.getLogger(__name__)

LONGEST_EFFECT_S = 60.0
"""From then on it is not known whether an effect has happened; it is not stopped all the same."""
ELSEWHERE_PAUSE_S = 0.2
"""Between two looks at an effect that another process is bringing about."""

BROKE = "Something went wrong with that. Tell the caller that it did not work, and go on."
_TOO_LATE = "That took too long and was given up. Tell the caller so, and offer what else you can."
_UNKNOWN = (
    "It is not known whether that was done. Tell the caller exactly that, do not try it again, and"
    " offer to have somebody check."
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what the model is told."""

    outcome: ToolOutcome
    text: str


async def look_up(tool: Tool, arguments: Arguments, call: CallState) -> Ending:
    """Run a tool without effects; it is cancelled when its time is over."""
    try:
        async with asyncio.timeout(tool.policy.timeout_s) as limit:
            return Ending("done", await tool.run(call, arguments.values))
    except (ToolError, CallerError) as error:
        return Ending("failed", str(error))
    except Exception as error:  # noqa: BLE001 - whatever a tool does, the call goes on
        if isinstance(error, TimeoutError) and limit.expired():
            logger.warning("a tool took too long", extra=_who(tool, call))
            return Ending("timed out", _TOO_LATE)
        log_fault(error, tool, call)
        return Ending("failed", BROKE)


class Effects:
    """The effects of one call. Once begun, none is cancelled: whoever waits for it may be."""

    def __init__(self, ledger: Ledger, call: CallState) -> None:
        self._ledger = ledger
        self._call = call
        self._begun: dict[str, asyncio.Task[Ending]] = {}
        self._unknown: set[str] = set()

    async def bring_about(self, tool: Tool, arguments: Arguments, key: str) -> Ending:
        """Run a tool with effects, or tell how the run of the same key ended."""
        if key in self._unknown:
            return Ending("unknown", _UNKNOWN)
        try:
            claim = await self._claim(key)
        except Exception as error:  # noqa: BLE001 - without the ledger nothing is begun
            log_fault(error, tool, self._call)
            return Ending("failed", BROKE)
        match claim.status:
            case "new":
                return await self._begin(tool, arguments, key)
            case "done":
                return Ending("done", claim.result or "")
            case _:
                return Ending("unknown", _UNKNOWN)

    async def _claim(self, key: str) -> Claim:
        """What the ledger says, once nobody else is bringing it about."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_EFFECT_S
        claim = await self._ledger.begin(key)
        while claim.status == "running" and loop.time() < until:
            await asyncio.sleep(ELSEWHERE_PAUSE_S)
            claim = await self._ledger.begin(key)
        return claim

    async def _begin(self, tool: Tool, arguments: Arguments, key: str) -> Ending:
        task = asyncio.create_task(self._run(tool, arguments, key), name=f"effect of {tool.name}")
        self._begun[key] = task
        task.add_done_callback(lambda _: self._begun.pop(key, None))
        done, _ = await asyncio.wait({task}, timeout=LONGEST_EFFECT_S)
        if not done:
            logger.error("an effect has not ended in time", extra=_who(tool, self._call))
            self._unknown.add(key)
            return Ending("unknown", _UNKNOWN)
        return task.result()

    async def _run(self, tool: Tool, arguments: Arguments, key: str) -> Ending:
        try:
            with as_request(f"{self._call.call_id}:{key}"):
                result = await tool.run(self._call, arguments.values)
        except (ToolError, CallerError) as error:  # it says that it did not do it
            await self._note(self._ledger.fail(key), tool)
            return Ending("failed", str(error))
        except Exception as error:  # noqa: BLE001 - whatever a tool does, the call goes on
            log_fault(error, tool, self._call)
            self._unknown.add(key)
            return Ending("unknown", _UNKNOWN)
        await self._note(self._ledger.finish(key, result), tool)
        self._unknown.discard(key)
        return Ending("done", result)

    async def _note(self, writing: Awaitable[None], tool: Tool) -> None:
        """What has happened has happened, also when the ledger cannot be told."""
        try:
            await writing
        except Exception as error:  # noqa: BLE001 - see above
            log_fault(error, tool, self._call)


def _who(tool: Tool, call: CallState) -> dict[str, str]:
    return {"call_id": call.call_id, "tool": tool.name}


def log_fault(error: Exception, tool: Tool, call: CallState) -> None:
    """Where it broke, without the message of the error: that may quote what the caller said."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    extra = {**_who(tool, call), "error": type(error).__qualname__, "where": where}
    logger.error("a tool failed", extra=extra)
