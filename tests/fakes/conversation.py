"""A real session in text mode: a scripted model, declared tools, and a caller who types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent, llm
from livekit.agents.voice.events import ToolCallStarted, ToolExecutionUpdatedEvent
from livekit.agents.voice.run_result import RunResult

from agent.call.events import ToolEvent
from agent.call.state import CallState
from agent.call.tool import Tool
from agent.pipeline.caller_turns import SessionTurns
from agent.settings import ToolCallSettings
from agent.tool_calls.calls import ToolCalls
from tests.fakes.business import business_call
from tests.fakes.language_model import Reply, ScriptedModel
from tests.fakes.ledger import FakeLedger

PATIENCE_S = 10.0


@dataclass
class Conversation:
    """What a test sees of the call."""

    session: AgentSession[CallState]
    model: ScriptedModel
    state: CallState
    ledger: FakeLedger
    events: list[ToolEvent] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """By the agent, whether by model or by code."""
    calls: ToolCalls = field(init=False)
    calls_begun: int = 0
    """Calls of tools that the framework has begun."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, words: str, *replies: Reply) -> list[str]:
        """The caller's turn, and the model's replies to it; returns what the agent said."""
        self.model.then(*replies)
        before = len(self.said)
        await self.begin(words)
        return self.said[before:]

    def begin(self, words: str) -> RunResult[Any]:
        """The caller's turn, without waiting for what comes of it."""
        return self.session.run(user_input=words)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once something holds that comes with words of the agent or with an event."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def outputs(self) -> list[str]:
        """What tools have answered, in the history."""
        items = self.session.history.items
        return [item.output for item in items if isinstance(item, llm.FunctionCallOutput)]

    def note_call(self, event: ToolExecutionUpdatedEvent) -> None:
        """Count a call that begins."""
        self.calls_begun += isinstance(event.update, ToolCallStarted)
        self._changed.set()

    def note_event(self, event: ToolEvent) -> None:
        """Keep an event."""
        self.events.append(event)
        self._changed.set()

    def note_item(self, event: ConversationItemAddedEvent) -> None:
        """Keep what the agent said."""
        message = event.item
        if isinstance(message, llm.ChatMessage) and message.role == "assistant":
            self.said.append(message.text_content or "")
        self._changed.set()


@asynccontextmanager
async def conversation(
    *tools: Tool,
    state: CallState | None = None,
    ledger: FakeLedger | None = None,
    settings: ToolCallSettings | None = None,
    **options: Any,
) -> AsyncIterator[Conversation]:
    """A call with these tools. Further options are ToolCalls' own."""
    call, book = state or business_call(), ledger or FakeLedger()
    model = ScriptedModel()
    session = AgentSession[CallState](llm=model, userdata=call)
    talk = Conversation(session, model, call, book)
    talk.calls = calls = ToolCalls(
        call,
        book,
        settings or ToolCallSettings(),
        SessionTurns(session),
        on_event=talk.note_event,
        **options,
    )
    session.on("conversation_item_added", talk.note_item)
    session.on("tool_execution_updated", talk.note_call)
    calls.watch(session)
    async with session:
        await session.start(
            Agent(instructions="Be brief.", tools=[*calls.livekit_tools(tools)]), record=False
        )
        yield talk
        await calls.aclose()
