"""What stands between a call's models and the world: guardrails on words, checks on tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from livekit import rtc
from livekit.agents import AgentSession, llm

from agent.bootstrap.backing import Backing
from agent.bootstrap.pipelines import Pipelines
from agent.call.caller_turns import CallerTurns
from agent.call.state import CallState
from agent.guardrails.guardrails import Guardrails
from agent.personas import Persona
from agent.personas.collection import COLLECTION_TOOLS
from agent.pipeline.speech_filter import SpeechFilter
from agent.records.listener import CallListener
from agent.tool_calls.approval import RoomApprover
from agent.tool_calls.calls import ToolCalls
from agent.tool_calls.decisions import Decisions
from tools.catalogue import find_tools


@dataclass(frozen=True, slots=True)
class Safety:
    """The guardrails and the tool calls of one call, for whichever persona speaks."""

    backing: Backing
    tool_calls: ToolCalls
    guardrails: Guardrails | None
    decisions: Decisions

    def watch(self, session: AgentSession[CallState]) -> None:
        """Listen to this session's call."""
        self.tool_calls.watch(session)
        if self.guardrails is not None:
            self.guardrails.watch(session)

    def tools_of(self, persona: Persona) -> Sequence[llm.Tool]:
        """A persona's tools of the catalogue and of the operator's."""
        names = [name for name in persona.tools if name not in COLLECTION_TOOLS]
        return self.tool_calls.livekit_tools(find_tools(names, self.backing.own_tools))

    def screen_of(self, persona: Persona) -> SpeechFilter | None:
        """What a persona's words go through; None where guardrails are switched off."""
        if self.guardrails is None:
            return None
        return self.guardrails.screen(persona.name, persona.guardrails, persona.prompt)


def build_safety(
    pipelines: Pipelines,
    backing: Backing,
    state: CallState,
    turns: CallerTurns,
    *,
    room: rtc.Room | None,
    listener: CallListener,
) -> Safety:
    """The safety of one call, which tells a listener. Without a room nobody can be asked to allow
    a tool.
    """
    settings = pipelines.settings
    guardrails = None
    if backing.guardrails is not None:
        background = replace(backing.guardrails, judge=pipelines.judge())
        guardrails = Guardrails(background, settings.guardrails, state, tell=listener.on_guardrail)
    decisions = Decisions(listener.on_approval)
    tool_calls = ToolCalls(
        state,
        backing.ledger,
        settings.tool_calls,
        turns,
        approver=RoomApprover(room, state.caller, decisions) if room is not None else None,
        veto=guardrails.veto if guardrails is not None else None,
        on_event=listener.on_tool,
    )
    return Safety(backing, tool_calls, guardrails, decisions)
