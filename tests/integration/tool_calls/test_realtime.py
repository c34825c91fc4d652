"""Tool calls with a speech model that has no text-to-speech beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent, llm

from agent.call.state import CallState
from agent.call.tool import Tool, tool
from agent.pipeline.caller_turns import SessionTurns
from agent.pipeline.realtime_link import PATIENCE, LinkOptions, ResilientModel
from agent.sandbox.script import Plan
from agent.settings import ToolCallSettings
from agent.tool_calls.calls import ToolCalls
from tests.fakes.business import business_call
from tests.fakes.ledger import FakeLedger
from tests.fakes.line import FakeSpeaker
from tests.integration.sandbox.conftest import Sandbox

_PATIENCE_S = 30.0
_CALL = {"name": "book", "arguments": {"name": "Anna"}}
_QUESTION = "Shall I book for Anna?"


@dataclass
class Talk:
    """A session that speaks aloud to a caller who types."""

    session: AgentSession[CallState]
    said: list[tuple[str, float]] = field(default_factory=list)
    """What the agent said, and when that was over, monotonic."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def words(self) -> list[str]:
        """What the agent said."""
        return [words for words, _ in self.said]

    def say(self, words: str) -> None:
        """The caller's turn."""
        self.session.generate_reply(user_input=words)

    async def until_said(self, number: int) -> None:
        """Return once the agent has said so many things."""
        await self._until(lambda: len(self.said) >= number)

    async def until_words(self, words: str) -> None:
        """Return once the agent has said just this."""
        await self._until(lambda: words in self.words)

    async def until_speaking(self) -> None:
        """Return once the agent is heard."""
        await self._until(lambda: self.session.agent_state == "speaking")

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def look(self) -> None:
        """Let those who wait look again."""
        self._changed.set()

    def note(self, event: ConversationItemAddedEvent) -> None:
        """Keep what the agent said."""
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant":
            self.said.append((event.item.text_content or "", time.monotonic()))
            self._changed.set()


@asynccontextmanager
async def talking(sandbox: Sandbox, *tools: Tool) -> AsyncIterator[Talk]:
    """A call with these tools."""
    state = business_call()
    async with aiohttp.ClientSession() as http:
        model = ResilientModel(
            link=LinkOptions(heartbeat_s=5, first_audio_s=10),
            conn_options=PATIENCE,
            base_url=sandbox.base_url,
            api_key="any",
            turn_detection=None,
            http_session=http,
        )
        session = AgentSession[CallState](llm=model, userdata=state)
        session.output.audio = FakeSpeaker()
        calls = ToolCalls(state, FakeLedger(), ToolCallSettings(), SessionTurns(session))
        talk = Talk(session)
        session.on("conversation_item_added", talk.note)
        session.on("agent_state_changed", lambda _: talk.look())
        calls.watch(session)
        async with session:
            agent = Agent(instructions="Be brief.", tools=[*calls.livekit_tools(tools)])
            await session.start(agent, record=False)
            yield talk
            await calls.aclose()


def script(sandbox: Sandbox, *replies: dict[str, object]) -> None:
    """Let the model answer so."""
    sandbox.script.load(Plan.model_validate({"replies": replies}))


def booking() -> tuple[Tool, list[str]]:
    """A tool that books after a yes, and for whom it has."""
    booked: list[str] = []

    @tool(changes=True, confirm=lambda call, name: f"Shall I book for {name}?")
    async def book(call: CallState, name: str) -> str:
        """Book a table."""
        booked.append(name)
        return f"Booked for {name}."

    return book, booked


async def test_a_booking_is_confirmed_by_code(sandbox: Sandbox) -> None:
    """The model is told to put the question, what it said is compared with it, and after the
    caller's yes the booking happens once, although the call comes twice.
    """
    book, booked = booking()
    async with talking(sandbox, book) as talk:
        script(sandbox, {"match": "table", "tool_calls": [_CALL]})
        talk.say("A table for Anna.")
        await talk.until_said(1)
        assert talk.words == [_QUESTION]
        assert booked == []
        script(sandbox, {"match": "yes", "tool_calls": [_CALL, _CALL]})
        talk.say("Yes, please.")
        await talk.until_said(2)
        assert booked == ["Anna"]


async def test_a_question_that_was_cut_off_is_put_again(sandbox: Sandbox) -> None:
    """A yes over its first words is none; one after the whole of it is."""
    book, booked = booking()
    async with talking(sandbox, book) as talk:
        script(sandbox, {"match": "table", "tool_calls": [_CALL]})
        talk.say("A table for Anna.")
        await talk.until_speaking()
        await talk.session.interrupt()
        script(sandbox, {"match": "yes", "tool_calls": [_CALL]})
        talk.say("Yes, please.")
        await talk.until_words(_QUESTION)
        assert booked == []
        script(sandbox, {"match": "yes", "tool_calls": [_CALL]})
        talk.say("Yes, please.")
        await talk.until_words("Booked for Anna.")
        assert booked == ["Anna"]


async def test_a_model_that_asks_something_else_confirms_nothing(sandbox: Sandbox) -> None:
    """A yes to another question than the tool's is none to the tool's."""
    book, booked = booking()
    async with talking(sandbox, book) as talk:
        script(
            sandbox,
            {"match": "table", "tool_calls": [_CALL]},
            {"text": "Do you like the music that is playing?"},
        )
        talk.say("A table for Anna.")
        await talk.until_said(1)
        assert talk.words == ["Do you like the music that is playing?"]
        script(sandbox, {"match": "yes", "tool_calls": [_CALL]})
        talk.say("Yes, please.")
        await talk.until_said(2)
        assert talk.words[1] == _QUESTION
        assert booked == []


async def test_a_slow_tool_is_kept_company(sandbox: Sandbox) -> None:
    """The caller hears an acknowledgement at once, and the answer after it."""
    may_end = asyncio.Event()

    @tool(acknowledgement="I will look that up.")
    async def book(call: CallState, name: str) -> str:
        """Look up a table."""
        await may_end.wait()
        return "The table is free."

    async with talking(sandbox, book) as talk:
        script(sandbox, {"match": "table", "tool_calls": [_CALL]})
        talk.say("A table for Anna.")
        await talk.until_said(1)
        assert talk.words == ["I will look that up."]
        may_end.set()
        await talk.until_said(2)
        assert talk.words[1] == "The table is free."


async def test_a_late_answer_is_announced(sandbox: Sandbox) -> None:
    """After an interruption the tool goes on, and its answer is told once it is there."""
    started, may_end = asyncio.Event(), asyncio.Event()
    booked: list[str] = []

    @tool(changes=True)
    async def book(call: CallState, name: str) -> str:
        """Book a table."""
        started.set()
        await may_end.wait()
        booked.append(name)
        return "Anna has a table now."

    async with talking(sandbox, book) as talk:
        script(
            sandbox, {"match": "table", "tool_calls": [_CALL]}, {"match": "hello", "text": "Yes?"}
        )
        talk.say("A table for Anna.")
        await started.wait()
        await talk.session.interrupt()
        talk.say("Hello?")
        await talk.until_said(1)
        assert talk.words == ["Yes?"]
        may_end.set()
        await talk.until_said(2)
        assert talk.words[1] == "Anna has a table now."
        assert booked == ["Anna"]
