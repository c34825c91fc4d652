"""The agents of one call: each persona's role, with what every agent of the call has, in its voice.

Part of the composition root, like `bootstrap.py`: here personas and pipelines meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from livekit.agents import Agent, AgentTask

from agent.personas import Persona
from agent.personas.stage import PersonaAgent, Role
from agent.pipeline.interruptions import AttentiveAgent
from agent.settings import Pipeline

Options = Mapping[str, Any]
"""Arguments of an agent's constructor."""


class AttentivePersona(AttentiveAgent, PersonaAgent):
    """A persona that can be listened to aloud."""


class Voices:
    """The voices of one call. The session's own models have one; each other voice has models of its
    own, since a realtime provider lets nobody change the voice in mid-conversation.

    Args:
        pipeline: The one in use.
        of_session: The voice of the session's own models; None for the configured one.
        build: The models that speak in a voice, as an agent's options.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        of_session: str | None,
        build: Callable[[Pipeline, str | None], Options],
    ) -> None:
        self.pipeline: Pipeline = pipeline
        self._of_session = of_session
        self._build = build
        self._built: dict[str | None, Options] = {}

    def options(self, voice: str | None) -> Options:
        """The options of an agent that speaks in this voice in the pipeline in use."""
        if voice == self._of_session:
            return {}
        if voice not in self._built:
            self._built[voice] = self._build(self.pipeline, voice)
        return self._built[voice]

    def renew(self, pipeline: Pipeline, of_session: str | None) -> None:
        """The session's models were built anew, in this pipeline and voice. Those of other voices
        may share what went wrong with the old ones, so they are built anew too.
        """
        self.pipeline, self._of_session = pipeline, of_session
        self._built.clear()


class Cast:
    """Makes the agents of one call.

    Args:
        voices: The call's.
        voice_of: The voice of a persona in a pipeline; None for the configured one.
        options: What an agent that plays this persona has beside its role and its voice, such as
            its tools from the catalogue.
    """

    def __init__(
        self,
        voices: Voices,
        voice_of: Callable[[Persona, Pipeline], str | None],
        options: Callable[[Persona], Options],
    ) -> None:
        self._voices = voices
        self._voice_of = voice_of
        self._options = options

    def agent(self, role: Role) -> Agent:
        """The agent that plays this role."""
        options = dict(self._options(role.persona))
        tools = [*options.pop("tools", ()), *role.tools]
        voice = self._voice_of(role.persona, self._voices.pipeline)
        return AttentivePersona(role=role, tools=tools, **options, **self._voices.options(voice))

    def renew(self, pipeline: Pipeline, speaker: Persona) -> str | None:
        """The pipeline is being built anew while this persona speaks; returns the voice that it
        must have.
        """
        voice = self._voice_of(speaker, pipeline)
        self._voices.renew(pipeline, voice)
        return voice


_Task = TypeVar("_Task", bound=AgentTask[Any])


def attentive_task(kind: type[_Task], options: Options, attention: Options) -> _Task:
    """A task of this kind that can be listened to aloud, see AttentiveAgent.

    Args:
        kind: The type of the task.
        options: The task's own.
        attention: Those of AttentiveAgent.
    """
    attentive = type(f"Attentive{kind.__name__}", (AttentiveAgent, kind), {})
    return cast("_Task", attentive(**attention, **options))
