"""A conversation in text with the worker's own agents: personas, tools, guardrails and storage as
in a call, without sound.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from livekit.agents import Agent, AgentSession, llm, utils
from livekit.agents.voice.run_result import RunResult
from livekit.plugins import openai

from agent.bootstrap import build_call, check_buildable, open_backing, plan_call, store_orders
from agent.call.options import CallOptions
from agent.call.state import CallState
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.turns import load_vad
from agent.services.knowledge import Knowledge
from agent.services.storage.engine import Database
from agent.settings import Settings, load_settings
from tests.fakes.control import FakeControl

NOWHERE = {
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret",
    "PARLEY_WEATHER": "climate",
    "PARLEY_OPENING_HOURS": "mon-sun 09:00-18:00",
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """With one persona, and whoever it hands over to."""

    session: AgentSession[CallState]
    control: FakeControl
    judge: llm.LLM | None
    """Only with a real provider."""

    @property
    def persona(self) -> str:
        """Who speaks."""
        agent: Agent = self.session.current_agent
        return agent.id

    async def says(self, words: str) -> RunResult[None]:
        """The caller takes a turn; all that follows of it."""
        return await self.session.run(user_input=words)

    def last_words(self) -> str:
        """What the agent said last."""
        said = [
            item.text_content or ""
            for item in self.session.history.items
            if isinstance(item, llm.ChatMessage) and item.role == "assistant"
        ]
        return said[-1] if said else ""

    async def answers_as(self, intent: str) -> None:
        """See that the last words do what they are meant to, where somebody can judge that."""
        if self.judge is None:
            assert self.last_words()
            return
        asked = llm.ChatContext.empty()
        asked.add_message(
            role="user",
            content=f'An agent on the telephone said: "{self.last_words()}". Was this so: {intent}?'
            " Answer with yes or no alone.",
        )
        verdict = (await self.judge.chat(chat_ctx=asked).collect()).text
        assert verdict.strip().lower().startswith("yes"), self.last_words()


def text_settings(account: Mapping[str, str], folder: Path, **changes: str) -> Settings:
    """Settings of a worker that takes no calls."""
    database = f"sqlite:///{folder / 'records.sqlite3'}"
    return load_settings({**NOWHERE, "PARLEY_DATABASE_URL": database, **account, **changes})


@asynccontextmanager
async def talk_with(
    persona: str, settings: Settings, *, judged: bool = False
) -> AsyncIterator[Conversation]:
    """A conversation that this persona has taken up."""
    checked = check_buildable(settings)
    await store_orders(settings)
    options = CallOptions(persona=persona, pipeline="cascade")
    plan = plan_call(settings, options, checked.personas)
    certificates = load_certificates()
    connections, control = Connections(certificates), FakeControl()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        stack.push_async_callback(connections.aclose)
        database = Database(settings.database)
        stack.push_async_callback(database.aclose)
        backing = await open_backing(
            settings,
            checked,
            plan,
            database=database,
            call_id=f"text-{persona}",
            knowledge=Knowledge(checked.passages),
            certificates=certificates,
            closing=stack,
        )
        call = build_call(
            settings,
            plan,
            backing,
            call_id=f"text-{persona}",
            vad=load_vad(),
            connections=connections,
            control=control,
        )
        stack.push_async_callback(call.audio.playout.aclose)
        stack.push_async_callback(call.tool_calls.aclose)
        call.session.output.audio = None
        await call.session.start(call.agent, record=False)
        stack.push_async_callback(call.session.aclose)
        yield Conversation(call.session, control, openai.LLM() if judged else None)
