"""Calls of tools that the framework runs by itself, past the call's own guard on tools."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import llm
from livekit.agents.voice.events import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent

from agent.call.record import RecordEvent, ToolBegan, ToolEnded

_OUTCOMES: Mapping[str, str] = {"done": "done", "error": "failed", "cancelled": "failed"}


@dataclass(slots=True)
class _Run:
    began: ToolBegan
    since_s: float = field(default_factory=time.monotonic)


class FrameworkTools:
    """Notes what some tools do, by what the session tells of them.

    Args:
        note: Takes the events.
        names: The tools; of all others somebody else tells.
    """

    def __init__(self, note: Callable[[RecordEvent], None], names: Collection[str]) -> None:
        self._note = note
        self._names = names
        self._runs: dict[str, _Run] = {}

    def updated(self, event: ToolExecutionUpdatedEvent) -> None:
        """The session tells something of a tool."""
        match event.update:
            case ToolCallStarted(function_call=call) if call.name in self._names:
                self._runs[call.call_id] = run = _Run(ToolBegan(call.name, _arguments(call)))
                self._note(run.began)
            case ToolCallEnded(call_id=call_id, status=status, message=message):
                if (done := self._runs.pop(call_id, None)) is not None:
                    took_s = round(time.monotonic() - done.since_s, 3)
                    tool, given = done.began.tool, done.began.arguments
                    self._note(ToolEnded(tool, _OUTCOMES[status], took_s, given, message or ""))


def _arguments(call: llm.FunctionCall) -> dict[str, Any]:
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        given = None
    return given if isinstance(given, dict) else {"unreadable": call.arguments}
