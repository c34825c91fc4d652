"""Tools that talk with the caller themselves are not watched like others."""

from __future__ import annotations

from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.voice.events import ToolCallStarted, ToolExecutionUpdatedEvent

from agent.supervision.events import observe
from agent.supervision.ladder import Ladder
from agent.supervision.voice import Voice
from agent.supervision.watch import Limits, Watch


@pytest.mark.parametrize(("tool", "runs"), [("find_order", True), ("collect_email", False)])
def test_a_tool_that_converses_has_no_limit(tool: str, runs: bool) -> None:
    """It takes as many turns as the caller needs; the turns are watched instead."""
    session, watch = rtc.EventEmitter[Any](), Watch(Limits(), 0.0)
    observe(
        cast("AgentSession[Any]", session),
        watch,
        cast("Ladder", None),
        cast("Voice", None),
        clock=lambda: 0.0,
        conversing={"collect_email"},
    )
    call = llm.FunctionCall(call_id="1", name=tool, arguments="{}")
    update = ToolCallStarted(function_call=call)
    session.emit("tool_execution_updated", ToolExecutionUpdatedEvent(update=update))
    assert watch.tool_runs is runs
