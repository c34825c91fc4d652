"""A call in this process, with real plugins and a scripted sandbox, whose provider fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pytest
import soxr
from aiohttp import web
from aiohttp.typedefs import Handler
from livekit import rtc
from livekit.agents import Agent, llm, utils

from agent.bootstrap import Call, build_call, build_supervisor, plan_call
from agent.call.options import CallOptions
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.session import greet
from agent.pipeline.turns import load_vad
from agent.sandbox.app import build_app, serve
from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.provider import Provider
from agent.sandbox.script import Plan, Script
from agent.settings import load_settings
from agent.supervision.ladder import Step
from agent.supervision.supervisor import Supervisor
from agent.supervision.voice import Voice
from agent.supervision.watch import Trouble
from tests.caller.speech import SAMPLE_RATE_HZ, speak
from tests.fakes.backing import fake_backing
from tests.fakes.control import FakeControl
from tests.fakes.ears import DeafEars
from tests.fakes.line import RATE_HZ, FakeMicrophone, FakeRoom, FakeSpeaker

QUESTION = "When are you open?"
ANSWER = "We are open from Monday to Friday."
AGAIN = "Sorry, could you say that again?"
MOMENT = "One moment, please."
LONGEST_SILENCE_S = 4.0


@dataclass
class Control(FakeControl):
    """Ends nothing: the test looks at what would have ended the call."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""

    def end(self, reason: str, apologise: bool) -> None:
        """What the entrypoint does to end a call."""
        self.reason = reason
        self.ended.set()


@dataclass
class SupervisedCall:
    """A greeted call: say something, and look at what became of it."""

    call: Call
    supervisor: Supervisor
    script: Script
    microphone: FakeMicrophone
    speaker: FakeSpeaker
    room: FakeRoom
    control: Control
    changed: asyncio.Event
    requests: list[tuple[str, object]]
    """What the provider was asked: the path, and the connection's other end."""
    asked_s: float = 0.0

    def play(self, *faults: dict[str, Any], stt_s: float = 0.0) -> None:
        """Let the sandbox answer, with these faults; it writes words down after `stt_s`."""
        plan = {
            "delays": {"stt_s": stt_s, "realtime_first_audio_s": 0.1},
            "replies": [
                {"match": "open", "text": ANSWER, "times": 0},
                {"text": "Hello.", "times": 0},
            ],
            "transcripts": [{"text": QUESTION, "times": 0}],
            "faults": faults,
        }
        self.script.load(Plan.model_validate(plan))

    async def ask(self) -> None:
        """Ask the question."""
        samples = speak(QUESTION).samples.astype(np.float32)
        resampled = soxr.resample(samples, SAMPLE_RATE_HZ, RATE_HZ).astype(np.int16)
        self.asked_s = await self.microphone.say(resampled)

    async def until_said(self, text: str) -> None:
        """Until the conversation holds this sentence of the agent's, once."""
        await self.until(lambda: text in self.said())
        assert self.said().count(text) == 1

    async def until_shown(self, text: str) -> None:
        """Until a recording's caption was shown."""
        await self.until(lambda: text in self.room.captions)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until something holds that the conversation or the captions say."""
        async with asyncio.timeout(20):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    def said(self) -> list[str | None]:
        """What the agent said, as the conversation has it."""
        return [
            item.text_content
            for item in self.call.session.history.items
            if isinstance(item, llm.ChatMessage) and item.role == "assistant"
        ]

    def longest_silence_s(self) -> float:
        """Since the question, until the last sound."""
        return self.speaker.longest_silence_s(
            self.asked_s, max(end_s for _, end_s in self.speaker.loud)
        )


StartCall = Callable[[str], Awaitable[SupervisedCall]]


@pytest.fixture
async def start_call() -> AsyncIterator[StartCall]:
    """Starts a call in a pipeline and waits until the greeting was heard."""
    async with AsyncExitStack() as stack:

        async def start(pipeline: str) -> SupervisedCall:
            return await _start(pipeline, stack)

        yield start


async def _start(pipeline: str, stack: AsyncExitStack) -> SupervisedCall:
    await stack.enter_async_context(utils.http_context.open())
    script = Script()
    provider = Provider(ears=DeafEars(), voices=EspeakVoices(), script=script)
    app = build_app(provider, api_key=None, control=False)
    requests: list[tuple[str, object]] = []

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert request.transport is not None
        requests.append((request.path, request.transport.get_extra_info("peername")))
        return await handler(request)

    app.middlewares.append(note)
    runner, port = await serve(app, host="127.0.0.1", port=0)
    stack.push_async_callback(runner.cleanup)
    settings = load_settings(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:1",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret",
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        }
    )
    connections = Connections(load_certificates())
    stack.push_async_callback(connections.aclose)
    options = CallOptions.known({"pipeline": pipeline})
    plan = plan_call(settings, options)
    control = Control()
    built = build_call(
        settings,
        plan,
        fake_backing(),
        call_id="call",
        vad=load_vad(),
        connections=connections,
        control=control,
    )
    stack.push_async_callback(built.audio.playout.aclose)
    changed = asyncio.Event()
    microphone, speaker, room = FakeMicrophone(), FakeSpeaker(), FakeRoom(changed)
    call = replace(built, voice=Voice(speaker))
    session = call.session
    session.output.audio, session.input.audio = call.voice, microphone

    def say_first_words() -> None:
        greet(session, plan.greeting)

    supervisor = build_supervisor(
        settings, call, room=cast("rtc.Room", room), greet=say_first_words, end=control.end
    )
    running = SupervisedCall(
        call, supervisor, script, microphone, speaker, room, control, changed, requests
    )
    session.on("conversation_item_added", lambda _: changed.set())
    running.play()
    await session.start(call.agent, record=False)
    stack.push_async_callback(session.aclose)
    watching = asyncio.create_task(supervisor.run())
    stack.callback(watching.cancel)
    say_first_words()
    await running.until(lambda: bool(running.said()))
    return running


async def test_a_normal_call_is_left_alone(start_call: StartCall, pipeline: str) -> None:
    """Question and answer: no step is taken, no recording played."""
    call = await start_call(pipeline)
    await call.ask()
    await call.until_said(ANSWER)
    assert not call.supervisor.taken
    assert call.room.captions == []
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_a_cascade_that_fails_goes_on_in_realtime(start_call: StartCall) -> None:
    """The question is answered by the speech model, which knows what was said, once; the agent's
    instructions and tools are the same.
    """
    call = await start_call("cascade")
    before: Agent = call.call.session.current_agent
    call.play({"on": "chat", "kind": "drop", "times": 0})
    await call.ask()
    await call.until_said(ANSWER)
    after = call.call.session.current_agent
    assert call.call.failover.in_use == "realtime"
    assert isinstance(after.llm, llm.RealtimeModel)
    assert after.instructions == before.instructions
    assert [tool.id for tool in after.tools] == [tool.id for tool in before.tools]
    assert QUESTION in [
        item.text_content for item in after.chat_ctx.items if isinstance(item, llm.ChatMessage)
    ]
    assert call.longest_silence_s() < LONGEST_SILENCE_S


LOST: list[dict[str, Any]] = [
    {"on": "response", "kind": "drop", "after_events": 11},
    {"on": "realtime", "kind": "status", "status": 401, "times": 0},
]
"""A realtime connection breaks when the reply begins, and no other is accepted."""


async def test_a_speech_model_that_is_lost_goes_on_in_the_cascade(start_call: StartCall) -> None:
    """A question that it had written down is answered."""
    call = await start_call("realtime")
    call.play(*LOST)
    await call.ask()
    await call.until_said(ANSWER)
    assert call.call.failover.in_use == "cascade"
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_a_pipeline_that_takes_over_finds_its_connections_open(
    start_call: StartCall,
) -> None:
    """Its first answer is asked for on a connection that was opened while it took over."""
    call = await start_call("realtime")
    call.play(*LOST)
    await call.ask()
    await call.until_said(ANSWER)
    paths = [path for path, _ in call.requests]
    asked = paths.index("/v1/chat/completions")
    assert ("/v1/models", call.requests[asked][1]) in call.requests[:asked]


async def test_words_that_a_lost_model_took_with_it_are_asked_for_again(
    start_call: StartCall,
) -> None:
    """Then they are answered."""
    call = await start_call("realtime")
    call.play(*LOST, stt_s=1.0)
    await call.ask()
    await call.until_shown(AGAIN)
    call.play()
    await call.ask()
    await call.until_said(ANSWER)
    assert call.call.failover.in_use == "cascade"
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_a_model_that_sends_no_token_is_bridged_and_asked_again(
    start_call: StartCall,
) -> None:
    """A stream that is kept alive and says nothing: patience is asked for, then the answer comes,
    after the recording and not over it.
    """
    call = await start_call("cascade")
    call.play({"on": "chat", "kind": "keep_alive"})
    await call.ask()
    await call.until_said(ANSWER)
    assert call.room.captions == [MOMENT]
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_a_recogniser_that_hangs_is_asked_again(start_call: StartCall) -> None:
    """Words that are not understood in time are asked for again."""
    call = await start_call("cascade")
    call.play({"on": "transcriptions", "kind": "hang"})
    await call.ask()
    await call.until_shown(AGAIN)
    assert (Trouble.DEAF, Step.ASK_AGAIN) in call.supervisor.taken
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_when_nothing_helps_the_caller_is_told(start_call: StartCall, pipeline: str) -> None:
    """Every endpoint refuses: an apology, never a silence, and the call ends."""
    call = await start_call(pipeline)
    refusals = [
        {"on": endpoint, "kind": "status", "status": 500, "times": 0}
        for endpoint in ("realtime", "chat", "speech")
    ]
    call.play({"on": "response", "kind": "drop"}, *refusals)
    await call.ask()
    for _ in range(3):
        try:
            await asyncio.wait_for(call.control.ended.wait(), 15)
            break
        except TimeoutError:
            await call.ask()
    assert call.control.reason
    assert "cannot take this call" in call.room.captions[-1]
    assert call.longest_silence_s() < LONGEST_SILENCE_S


async def test_an_agent_that_takes_over_later_stays_in_the_pipeline_that_works(
    start_call: StartCall, pipeline: str
) -> None:
    """A handoff after a failover does not go back to the models that failed."""
    call = await start_call(pipeline)
    faults = LOST if pipeline == "realtime" else [{"on": "chat", "kind": "drop", "times": 0}]
    call.play(*faults)
    await call.ask()
    await call.until_said(ANSWER)
    taken = call.supervisor.taken.total()
    entered = asyncio.Event()
    call.call.session.update_agent(Newcomer(entered))
    await asyncio.wait_for(entered.wait(), 10)
    await call.ask()
    await call.until(lambda: call.said().count(ANSWER) == 2)
    assert call.supervisor.taken.total() == taken


class Newcomer(Agent):
    """An agent without models of its own."""

    def __init__(self, entered: asyncio.Event) -> None:
        super().__init__(instructions="You take over.")
        self._entered = entered

    async def on_enter(self) -> None:
        """See Agent."""
        self._entered.set()
