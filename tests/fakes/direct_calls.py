"""A direct call that only remembers what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.web.direct.wire import Reported, ToolAnswer, ToolAsked


@dataclass
class FakeDirectCall:
    """A DirectCall."""

    session: Mapping[str, Any] = field(default_factory=lambda: {"type": "realtime"})
    first_words: str = "Say hello."
    over: str = ""
    asked: list[str] = field(default_factory=list)
    noted: list[Reported] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    async def use(self, tool: str, asked: ToolAsked) -> ToolAnswer:
        """See DirectCall."""
        self.asked.append(tool)
        return ToolAnswer(output=f"{tool} with {asked.arguments}")

    def note(self, event: Reported) -> None:
        """See DirectCall."""
        self.noted.append(event)

    async def aclose(self, reason: str) -> None:
        """See DirectCall."""
        self.closed.append(reason)
