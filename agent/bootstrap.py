"""The composition root: settings and job metadata in, a call that is ready to start out."""

from __future__ import annotations

from dataclasses import dataclass

from livekit.agents import Agent, AgentSession, TurnHandlingOptions, vad

from agent.call.options import CallOptions
from agent.call.state import CallControl, CallState
from agent.errors import ParleyError, SettingsError
from agent.personas.base import Persona, find_persona
from agent.pipeline.cascade import build_cascade
from agent.pipeline.parts import PipelineParts
from agent.pipeline.realtime import build_realtime
from agent.pipeline.session import build_session
from agent.pipeline.turns import turn_handling
from agent.settings import Pipeline, Settings
from tools.catalogue import find_tools


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What one call will be: decided, but nothing built or connected yet."""

    pipeline: Pipeline
    persona: Persona
    language: str
    voice: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is ready to start."""

    plan: CallPlan
    session: AgentSession[CallState]
    agent: Agent


def plan_call(settings: Settings, options: CallOptions) -> CallPlan:
    """The caller's options over the worker's settings.

    Raises:
        CallOptionsError: for a persona that does not exist.
    """
    return CallPlan(
        pipeline=options.pipeline or settings.call.pipeline,
        persona=find_persona(options.persona or settings.call.persona),
        language=options.language or settings.call.language,
        voice=options.voice,
    )


def build_call(
    settings: Settings, plan: CallPlan, *, call_id: str, vad: vad.VAD, control: CallControl
) -> Call:
    """Everything one call needs, built in the job's own process."""
    parts, turns = _build_pipeline(settings, plan)
    state = CallState(call_id=call_id, language=plan.language, control=control)
    return Call(
        plan=plan,
        session=build_session(parts, turns, vad=vad, state=state),
        agent=Agent(
            instructions=plan.persona.instructions, tools=[*find_tools(plan.persona.tools)]
        ),
    )


def check_buildable(settings: Settings) -> None:
    """Build and drop what the settings name: a wrong name is a fault at start, not in a call.

    Raises:
        SettingsError: naming the variable.
    """
    try:
        find_tools(find_persona(settings.call.persona).tools)
    except SettingsError:
        raise
    except ParleyError as error:
        raise SettingsError([f"PARLEY_PERSONA: {error}"]) from None
    build_cascade(settings.cascade, settings.openai, language=settings.call.language, voice=None)


def _build_pipeline(
    settings: Settings, plan: CallPlan
) -> tuple[PipelineParts, TurnHandlingOptions]:
    turns = turn_handling(settings.turns, plan.pipeline)
    if plan.pipeline == "realtime":
        parts = build_realtime(
            settings.realtime,
            settings.openai,
            settings.turns,
            language=plan.language,
            voice=plan.voice,
        )
    else:
        parts = build_cascade(
            settings.cascade, settings.openai, language=plan.language, voice=plan.voice
        )
    return parts, turns
