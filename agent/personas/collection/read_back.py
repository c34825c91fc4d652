"""That what was collected counts only after the caller has heard it and has spoken since."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import AgentTask, llm
from livekit.agents.beta.workflows import (
    GetAddressTask,
    GetDOBTask,
    GetEmailTask,
    GetNameTask,
    GetPhoneNumberTask,
)
from livekit.agents.llm import ToolError, function_tool

from agent.call.caller_turns import CallerTurns

CONFIRMS = "confirm_"
"""How the tools are named by which a task ends, in the framework's tasks and in ours."""

_NOT_CONFIRMED = (
    "The caller has not answered yet. Read it back, ask whether it is right, and wait for the"
    " answer."
)


class ReadBack(AgentTask[Any]):
    """A task whose `confirm_…` tool works only once the caller has spoken after the last change:
    the framework leaves that to the prompt. To be placed before the task that it guards.

    Args:
        turns: The caller's.
        options: The task's own.
    """

    def __init__(self, *, turns: CallerTurns, **options: Any) -> None:
        super().__init__(**options)
        self._turns = turns
        self.completed = asyncio.Event()
        """Set as soon as there is a result, or a reason why there is none."""

    def complete(self, result: Any) -> None:
        """See AgentTask."""
        super().complete(result)
        self.completed.set()

    async def update_tools(self, tools: list[llm.Tool | llm.Toolset]) -> None:
        """See Agent. What is collected has changed whenever this is called."""
        await super().update_tools([self._guarded(tool) for tool in tools])

    def _guarded(self, tool: llm.Tool | llm.Toolset) -> llm.Tool | llm.Toolset:
        if not (isinstance(tool, llm.FunctionTool) and tool.id.startswith(CONFIRMS)):
            return tool
        read_back_at = self._turns.sounds

        async def confirm() -> Any:
            if self._turns.sounds == read_back_at:
                raise ToolError(_NOT_CONFIRMED)
            return await tool()

        return function_tool(confirm, name=tool.id, description=tool.info.description)


class NameTask(ReadBack, GetNameTask):
    """The caller's first and last name."""


class EmailTask(ReadBack, GetEmailTask):
    """An e-mail address."""


class PhoneNumberTask(ReadBack, GetPhoneNumberTask):
    """A telephone number."""


class DateOfBirthTask(ReadBack, GetDOBTask):
    """A date of birth."""


class AddressTask(ReadBack, GetAddressTask):
    """A postal address."""
