"""Personas in the realtime pipeline: typed turns, and the provider's sandbox that speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from livekit.agents import Agent, llm
from livekit.plugins import openai

from agent.casting import Cast, Voices, attentive_task
from agent.personas.collection import ReadBack
from agent.pipeline.realtime_link import PATIENCE, LinkOptions, ResilientModel
from agent.sandbox.script import Plan
from agent.settings import Pipeline
from tests.fakes.voice import Ear
from tests.integration.sandbox.conftest import Sandbox
from tests.unit.personas.stage import Scene, call
from tests.unit.personas.test_collection import Patience
from tests.unit.test_casting import PERSONAS, interruptions


class Studio:
    """Realtime models by voice, of one account."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self._sandbox, self._http = sandbox, http
        self.attention = interruptions()
        self.models: dict[str | None, ResilientModel] = {}
        self.cast = Cast(
            Voices("realtime", None, self._build),
            lambda persona, pipeline: persona.voice.of(pipeline),
            lambda persona: {"interruptions": self.attention},
        )

    def model(self, voice: str | None) -> ResilientModel:
        model = self.models[voice] = ResilientModel(
            link=LinkOptions(heartbeat_s=5, first_audio_s=10),
            conn_options=PATIENCE,
            base_url=self._sandbox.base_url,
            api_key="any",
            voice=voice or "marin",
            turn_detection=None,
            http_session=self._http,
        )
        return model

    def _build(self, pipeline: Pipeline, voice: str | None) -> Mapping[str, Any]:
        return {"llm": self.model(voice)}

    def make_task(self, kind: type[ReadBack], options: Mapping[str, Any]) -> ReadBack:
        return attentive_task(kind, options, {"interruptions": self.attention})


@asynccontextmanager
async def realtime_call(sandbox: Sandbox) -> AsyncIterator[tuple[Scene, Studio]]:
    """A call in the realtime pipeline, heard but not spoken to: turns are typed."""
    async with aiohttp.ClientSession() as http:
        studio = Studio(sandbox, http)
        async with call(
            PERSONAS,
            make_task=studio.make_task,
            make_agent=studio.cast.agent,
            model=studio.model(None),
        ) as scene:
            scene.state.turns = Patience()
            scene.session.output.audio = Ear()
            yield scene, studio


def reply(text: str = "", *calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    tools = [{"name": name, "arguments": arguments} for name, arguments in calls]
    return {"text": text, "tool_calls": tools}


def play(sandbox: Sandbox, *replies: dict[str, Any]) -> None:
    sandbox.script.load(Plan.model_validate({"replies": replies}))


def voices_spoken(scene: Scene, studio: Studio) -> str | None:
    """The voice of the session that speaks now."""
    model = scene.session.current_agent.realtime_llm_session.realtime_model
    assert isinstance(model, openai.realtime.RealtimeModel)
    return model._opts.voice


def said(agent: Agent) -> list[str]:
    return [
        item.text_content or ""
        for item in agent.realtime_llm_session.chat_ctx.items
        if isinstance(item, llm.ChatMessage)
    ]


async def test_the_next_persona_has_its_own_voice_and_knows_what_was_said(
    sandbox: Sandbox,
) -> None:
    """A session of its own at the provider, told of the last turns; and so on the way back."""
    play(
        sandbox,
        reply("Hello, how can I help?"),
        reply("", ("transfer_to_billing", {"concern": "a bill"})),
        reply("Billing here. Which bill?"),
        reply("", ("hand_back", {})),
        reply("Anything else?"),
    )
    async with realtime_call(sandbox) as (scene, studio):
        await scene.session.run(user_input="hello")
        assert voices_spoken(scene, studio) == "marin"
        await scene.session.run(user_input="my bill is wrong")
        await scene.until(lambda: "billing" in scene.speakers)
        assert voices_spoken(scene, studio) == "cedar"
        assert said(scene.session.current_agent)[:3] == [
            "hello", "Hello, how can I help?", "my bill is wrong",
        ]  # fmt: skip
        await scene.session.run(user_input="that is all")
        await scene.until(lambda: scene.speakers[-1] == "front" and len(scene.speakers) == 3)
        assert voices_spoken(scene, studio) == "marin"


async def test_something_is_collected_within_the_providers_session(sandbox: Sandbox) -> None:
    """Asked, read back and confirmed as in the cascade, and the persona goes on after it."""
    play(
        sandbox,
        reply("", ("collect_email", {})),
        reply("What is your address?"),
        reply("", ("update_email_address", {"email": "ann@example.com"})),
        reply("Is it ann at example dot com?"),
        reply("", ("confirm_email_address", {})),
        reply("Noted."),
    )
    async with realtime_call(sandbox) as (scene, _):
        async with asyncio.timeout(30):
            await scene.session.run(user_input="mail it")
            await scene.session.run(user_input="ann at example dot com")
            await scene.session.run(user_input="yes")
            await scene.until(lambda: bool(scene.state.facts))
        await scene.until(lambda: scene.session.current_agent.id == "front")
        assert scene.state.facts == {"email": "ann@example.com"}
        await scene.until(lambda: "Noted." in said(scene.session.current_agent))
