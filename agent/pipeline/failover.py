"""Going on with a call through other models: the same agent, nothing of the conversation lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import Agent, AgentSession, AgentTask, TurnHandlingOptions, llm

from agent.pipeline.interruptions import AttentiveAgent, Interruptions
from agent.pipeline.parts import PipelineParts
from agent.settings import Pipeline

TASK_GIVEN_UP = "A fault of the line has cut this short. Begin it again if it is still needed."


@dataclass(frozen=True, slots=True)
class Spare:
    """A pipeline built anew, with connections of its own."""

    parts: PipelineParts
    turns: TurnHandlingOptions


class Failover:
    """The pipelines of one call: which one is in use, and which one comes next.

    Args:
        build: Builds a pipeline anew.
        in_use: The one that the call began with.
        may_switch: Whether the other pipeline may be used; else the same one is built again.
        interruptions: What judges sounds over the agent's voice in this call.
    """

    def __init__(
        self,
        build: Callable[[Pipeline], Spare],
        in_use: Pipeline,
        *,
        may_switch: bool,
        interruptions: Interruptions,
    ) -> None:
        self._build = build
        self._may_switch = may_switch
        self._interruptions = interruptions
        self.in_use: Pipeline = in_use

    async def change(self, session: AgentSession[Any], *, limit_s: float) -> None:
        """Go on in the next pipeline, with the agent's instructions and tools and with what was
        heard so far. What is being said must have been interrupted. A task that an agent awaits is
        given up, and the agent itself goes on: nobody could hand the task's result back.

        Raises:
            TimeoutError: when the old pipeline does not let go within `limit_s`.
        """
        if self._may_switch:
            self.in_use = "cascade" if self.in_use == "realtime" else "realtime"
        spare = self._build(self.in_use)
        agent, tasks = _awaiting(session.current_agent)
        heard = session.current_agent.chat_ctx
        successor = _Successor(agent, heard, spare, self._interruptions)
        session.update_agent(successor)
        await asyncio.wait_for(successor.entered.wait(), limit_s)
        _make_default(session, spare)
        for task in tasks:
            if not task.done():
                task.complete(llm.ToolError(TASK_GIVEN_UP))


def _awaiting(agent: Agent) -> tuple[Agent, list[AgentTask[Any]]]:
    """Who awaits the task that is being done, and the tasks on the way; the agent itself if it is
    no task.
    """
    tasks: list[AgentTask[Any]] = []
    while isinstance(agent, AgentTask) and agent._old_agent is not None:
        tasks.append(agent)
        agent = agent._old_agent
    return agent, tasks


def _make_default(session: AgentSession[Any], spare: Spare) -> None:
    """Let every later agent of the session, which brings no models of its own, use this pipeline.

    1.8.9 offers no public way. It is too early before the successor was entered: the activity of
    the agent before looks its models up in the session while it ends.
    """
    session._llm = spare.parts.llm
    session._stt = spare.parts.stt
    session._tts = spare.parts.tts
    session._turn_detection = spare.turns.get("turn_detection")
    endpointing = spare.turns.get("endpointing") or {}
    session.options.endpointing.update(endpointing)
    session.options.endpointing_overrides.update(endpointing)


class _Successor(AttentiveAgent):
    """The agent that was, with other models."""

    def __init__(
        self, agent: Agent, heard: llm.ChatContext, spare: Spare, interruptions: Interruptions
    ) -> None:
        parts = spare.parts
        super().__init__(
            id=agent.id,
            interruptions=interruptions,
            speech_filter=agent.speech_filter if isinstance(agent, AttentiveAgent) else None,
            instructions=agent.instructions,
            tools=agent.tools,
            # None, so that a model of the session does not serve a pipeline that has none.
            stt=parts.stt,
            llm=parts.llm,
            tts=parts.tts,
            turn_handling=spare.turns,
            chat_ctx=heard.copy(
                exclude_instructions=True,
                exclude_empty_message=True,
                exclude_handoff=True,
                exclude_config_update=True,
            ),
        )
        self.entered = asyncio.Event()

    async def on_enter(self) -> None:
        """See Agent."""
        self.entered.set()
