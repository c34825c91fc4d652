"""Personas in their voices, and what a change of pipeline leaves of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from livekit.agents import Agent, AgentTask

from agent.casting import Cast, Voices, attentive_task
from agent.personas import Persona, PersonaVoice
from agent.personas.collection import ReadBack
from agent.pipeline.backchannels import Backchannels
from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.echo_guard import SpokenWords
from agent.pipeline.failover import Failover, Spare
from agent.pipeline.interruptions import AttentiveAgent, Interruptions
from agent.pipeline.parts import PipelineParts
from agent.pipeline.played_audio import PlayedAudio
from agent.pipeline.playout import SAMPLE_RATE_HZ, RoomPlayout
from agent.settings import Pipeline
from tests.fakes.language_model import Calls, ScriptedModel
from tests.fakes.voice import Ear, RecordingTTS
from tests.unit.personas.stage import BACK, Scene, call, persona, to
from tests.unit.personas.test_collection import Patience

PERSONAS: Mapping[str, Persona] = {
    p.name: p
    for p in (
        persona("front", "billing", tools=("collect_email",)),
        persona("billing", voice=PersonaVoice("ash", "cedar")),
    )
}


def interruptions() -> Interruptions:
    playout = SimpleNamespace(is_speaking=False, remaining_s=None)
    echo = EchoCanceller(PlayedAudio(SAMPLE_RATE_HZ))
    return Interruptions(cast("RoomPlayout", playout), SpokenWords(), echo, Backchannels([]))


@dataclass
class Studio:
    """Makes agents whose voices remember what they said."""

    attention: Interruptions = field(default_factory=interruptions)
    voices: Voices = field(init=False)
    cast: Cast = field(init=False)
    session_voice: RecordingTTS = field(default_factory=RecordingTTS)
    built: list[tuple[Pipeline, str | None, RecordingTTS]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voices = Voices("cascade", None, self._build)
        self.cast = Cast(
            self.voices,
            lambda persona, pipeline: persona.voice.of(pipeline),
            lambda persona: {"interruptions": self.attention},
        )

    def _build(self, pipeline: Pipeline, voice: str | None) -> Mapping[str, Any]:
        speaks = RecordingTTS()
        self.built.append((pipeline, voice, speaks))
        return {"tts": speaks}

    def said_by(self, voice: str) -> list[str]:
        return [text for _, name, speaks in self.built if name == voice for text in speaks.said]

    def make_task(self, kind: type[ReadBack], options: Mapping[str, Any]) -> ReadBack:
        return attentive_task(kind, options, {"interruptions": self.attention})


@asynccontextmanager
async def speaking_call(studio: Studio) -> AsyncIterator[Scene]:
    """A call whose agents are heard."""
    async with call(PERSONAS, make_task=studio.make_task, make_agent=studio.cast.agent) as scene:
        scene.state.turns = Patience()
        scene.session._tts = studio.session_voice
        scene.session.output.audio = Ear()
        yield scene


def failover(studio: Studio, scene: Scene, spare: ScriptedModel, voice: RecordingTTS) -> Failover:
    def build(pipeline: Pipeline) -> Spare:
        studio.cast.renew(pipeline, scene.handoffs.current)
        return Spare(PipelineParts(llm=spare, tts=voice), {})

    return Failover(build, "cascade", may_switch=False, interruptions=studio.attention)


async def test_each_persona_speaks_in_its_own_voice() -> None:
    """The one that has none speaks in the call's; the way back is the same."""
    studio = Studio()
    async with speaking_call(studio) as scene:
        await scene.hears("hello", "How can I help?")
        await scene.hears("my bill", to("billing"), "Which bill?")
        await scene.hears("that is all", BACK, "Anything else?")
        await scene.hears("my bill", to("billing"), "Again?")
    assert studio.session_voice.said == ["How can I help?", "Anything else?"]
    assert studio.said_by("ash") == ["Which bill?", "Again?"]
    assert [(pipeline, voice) for pipeline, voice, _ in studio.built] == [("cascade", "ash")]


async def test_a_task_is_spoken_in_the_voice_of_its_persona() -> None:
    """The caller does not hear somebody else ask for the address."""
    studio = Studio()
    asks = {"billing": persona("billing", tools=("collect_email",), voice=PersonaVoice("ash"))}
    async with call(
        {**PERSONAS, **asks}, make_task=studio.make_task, make_agent=studio.cast.agent
    ) as scene:
        scene.state.turns = Patience()
        scene.session._tts = studio.session_voice
        scene.session.output.audio = Ear()
        await scene.hears("my bill", to("billing"), "Yes?")
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        assert isinstance(scene.session.current_agent, AttentiveAgent)
    assert studio.said_by("ash") == ["Yes?", "What is your address?"]


async def test_after_a_failover_the_persona_and_its_handoffs_are_the_same() -> None:
    """It goes on with other models, hands back, and the next one speaks through those too."""
    studio, spare, voice = Studio(), ScriptedModel(), RecordingTTS()
    async with speaking_call(studio) as scene:
        await scene.hears("my bill", to("billing", "a bill"), "Which bill?")
        instructions = scene.session.current_agent.instructions
        await failover(studio, scene, spare, voice).change(scene.session, limit_s=5.0)
        assert scene.session.current_agent.id == "billing"
        assert scene.session.current_agent.instructions == instructions
        spare.then("The last one.", BACK, "Anything else?")
        await scene.session.run(user_input="the last")
        await scene.session.run(user_input="thanks")
        assert scene.handoffs.current.name == "front"
        assert voice.said == ["The last one."]
        # The spare was built in billing's voice, so the front desk gets one of its own.
        assert studio.said_by(cast("str", None)) == ["Anything else?"]


async def test_a_failover_gives_up_a_task_and_keeps_the_persona() -> None:
    """What was said stays known; the task can be begun again."""
    studio, spare, voice = Studio(), ScriptedModel(), RecordingTTS()
    async with speaking_call(studio) as scene:
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        await failover(studio, scene, spare, voice).change(scene.session, limit_s=5.0)
        agent: Agent = scene.session.current_agent
        assert not isinstance(agent, AgentTask)
        assert agent.instructions == "You are front."
        assert "What is your address?" in [m.text_content for m in agent.chat_ctx.messages()]
        spare.then(Calls("collect_email"), "Your address, please.")
        await scene.session.run(user_input="once more")
        assert isinstance(scene.session.current_agent, AgentTask)
