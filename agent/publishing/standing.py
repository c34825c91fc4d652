"""How a call stands while its events are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.publishing.events import AgentState, CallerState


@dataclass(slots=True)
class Standing:
    """See events.Standing."""

    agent_state: AgentState = "initializing"
    caller_state: CallerState = "listening"
    persona: str = ""
    pipeline: str = "cascade"
    language: str = ""
    muted: bool = False

    def values(self) -> dict[str, Any]:
        """All of it, by name."""
        return asdict(self)


@dataclass(slots=True)
class Runs:
    """Names for the runs of tools, of which a record tells only what was asked."""

    _last: int = 0
    _open: list[tuple[str, Mapping[str, Any], str]] = field(default_factory=list)

    def begins(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The name of a run that begins."""
        self._last += 1
        name = f"run-{self._last}"
        self._open.append((tool, arguments, name))
        return name

    def ends(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The name of the run that has ended; a new one for a call that never ran."""
        for place, (open_tool, given, name) in enumerate(self._open):
            if open_tool == tool and given == arguments:
                del self._open[place]
                return name
        self._last += 1
        return f"run-{self._last}"
