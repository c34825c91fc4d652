"""A call in text, with a scripted model, between personas of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import Agent, AgentSession, llm
from livekit.agents.voice.run_result import RunResult

from agent.call.events import PersonaChanged, PersonaEvent, PersonaSpoke
from agent.call.state import CallState
from agent.personas import HandoffTarget, Persona
from agent.personas.collection import Collecting, MakeTask
from agent.personas.handoffs import Handoffs, Staging
from agent.personas.stage import PersonaAgent, Role
from agent.pipeline.caller_turns import SessionTurns
from agent.settings import EndpointingProfile
from tests.fakes.business import business_call
from tests.fakes.language_model import Calls, Reply, ScriptedModel


def persona(name: str, *targets: str, **options: Any) -> Persona:
    """A persona that hands over to these."""
    return Persona(
        name=name,
        title=f"the {name} desk",
        greetings={"": f"This is {name}."},
        prompt=options.pop("prompt", f"You are {name}."),
        handoffs=tuple(HandoffTarget(target, f"For {target} matters.") for target in targets),
        **options,
    )


PERSONAS: Mapping[str, Persona] = {
    p.name: p
    for p in (
        persona("front", "billing", "support"),
        persona("billing", "support", endpointing="patient"),
        persona("support", "billing", hands_back=False),
    )
}


@dataclass
class Scene:
    """A running call."""

    session: AgentSession[CallState]
    model: ScriptedModel
    handoffs: Handoffs
    state: CallState
    events: list[PersonaEvent] = field(default_factory=list)
    profiles: list[EndpointingProfile | None] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)

    async def hears(self, words: str, *script: Reply) -> RunResult[Any]:
        """The caller says something, and the model does what the script says."""
        self.model.then(*script)
        return await self.session.run(user_input=words)

    async def until(self, holds: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Wait for something to come true."""
        async with asyncio.timeout(limit_s):
            while not holds():  # noqa: ASYNC110 - not all of it has an event
                await asyncio.sleep(0.01)

    @property
    def changes(self) -> list[tuple[str | None, str, str]]:
        """From whom to whom, and why."""
        return [(e.before, e.now, e.reason) for e in self.events if isinstance(e, PersonaChanged)]

    @property
    def speakers(self) -> list[str]:
        """Who said each message."""
        return [e.persona for e in self.events if isinstance(e, PersonaSpoke)]

    @property
    def outputs(self) -> list[str]:
        """What tools have answered last."""
        return [
            item.output
            for item in self.session.history.items
            if item.type == "function_call_output"
        ]

    @property
    def role(self) -> Role:
        """The one that was made last."""
        return self.roles[-1]


@asynccontextmanager
async def call(
    personas: Mapping[str, Persona] = PERSONAS,
    first: str = "front",
    *,
    make_task: MakeTask = lambda kind, options: kind(**options),
    limit_s: float = 60.0,
    model: llm.RealtimeModel | None = None,
    **staging: Any,
) -> AsyncIterator[Scene]:
    """A call that `first` has answered."""
    state, scripted = business_call(), ScriptedModel()
    session: AgentSession[CallState] = AgentSession(
        llm=model or scripted, userdata=state, vad=None, turn_handling={"turn_detection": None}
    )
    events: list[PersonaEvent] = []
    profiles: list[EndpointingProfile | None] = []
    roles: list[Role] = []
    turns = SessionTurns(session)
    collecting = Collecting(state, turns, make_task, limit_s=limit_s)

    def make_agent(role: Role) -> Agent:
        roles.append(role)
        return PersonaAgent(role=role, tools=[*role.tools])

    handoffs = Handoffs(
        personas,
        personas[first],
        state,
        turns,
        Staging(
            **{
                "make_agent": make_agent,
                "variables": lambda: {"business_name": "Acme", "language": "en", "today": "Monday"},
                "collecting": lambda persona: collecting.tools(persona.tools),
                "settle": profiles.append,
                "tell": events.append,
                **staging,
            }
        ),
    )
    handoffs.watch(session)
    async with session:
        await session.start(handoffs.first_agent(), record=False)
        yield Scene(session, scripted, handoffs, state, events, profiles, roles)


def to(name: str, concern: str = "") -> Calls:
    """The model hands over."""
    return Calls(f"transfer_to_{name}", {"concern": concern} if concern else {})


BACK = Calls("hand_back")
