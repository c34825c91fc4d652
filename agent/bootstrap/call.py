"""All the parts of one call together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from livekit import rtc
from livekit.agents import Agent, AgentSession, AgentTask, vad

from agent.bootstrap.backing import Backing
from agent.bootstrap.budgets import build_budgets
from agent.bootstrap.pipelines import Pipelines
from agent.bootstrap.plan import CallPlan
from agent.bootstrap.safety import Safety, build_safety
from agent.call.caller_turns import CallerTurns
from agent.call.state import CallControl, CallState
from agent.casting import Cast, Options, Voices, attentive_task
from agent.cost.budgets import Budgets
from agent.cost.meter import Meter
from agent.personas import Persona
from agent.personas.collection import Collecting
from agent.personas.handoffs import Handoffs, Staging
from agent.pipeline.backchannels import load_backchannels
from agent.pipeline.caller_turns import SessionTurns
from agent.pipeline.cascade import CascadeContext
from agent.pipeline.connections import Connections
from agent.pipeline.early_replies import EarlyReplies
from agent.pipeline.failover import Failover, Spare
from agent.pipeline.interruptions import Interruptions
from agent.pipeline.manner import Manner
from agent.pipeline.overlap import Floor
from agent.pipeline.profiles import EndpointingSwitch
from agent.pipeline.realtime_link import OnSession
from agent.pipeline.session import CallAudio, build_audio, build_session
from agent.pipeline.shared_vad import SharedVAD
from agent.records.listener import CallListener
from agent.records.overheard import Overheard
from agent.settings import Pipeline, Settings
from agent.supervision.voice import Voice
from agent.tool_calls.calls import ToolCalls
from agent.tool_calls.decisions import Decisions

_Task = TypeVar("_Task", bound=AgentTask[Any])


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is ready to start."""

    plan: CallPlan
    state: CallState
    session: AgentSession[CallState]
    agent: Agent
    audio: CallAudio
    voice: Voice
    failover: Failover
    manner: Manner
    handoffs: Handoffs
    turn_taking: EndpointingSwitch
    interruptions: Interruptions
    tool_calls: ToolCalls
    """To be closed after the session, and before its backing."""
    listener: CallListener
    meter: Meter
    budgets: Budgets
    """To be closed before the backing too."""
    decisions: Decisions
    """What operators are asked."""


def build_call(
    settings: Settings,
    plan: CallPlan,
    backing: Backing,
    *,
    call_id: str,
    vad: vad.VAD,
    connections: Connections,
    control: CallControl,
    room: rtc.Room | None = None,
    listener: CallListener | None = None,
    on_realtime: OnSession = lambda _: None,
) -> Call:
    """Everything one call needs, built in the job's own process. The caller of this function
    starts and closes `connections`. Operators are asked in `room`. What happens is told to
    `listener`, and sessions with a realtime provider are given to `on_realtime`.
    """
    listener = listener or CallListener(lambda _: None)
    context = CascadeContext(connections, SharedVAD(vad), plan.language)
    meter = Meter(backing.prices)
    pipelines = Pipelines(settings, plan, context, Manner(), meter, on_realtime)
    first_voice = pipelines.voice_of(plan.persona, plan.pipeline)
    parts, turns = pipelines.build(plan.pipeline, first_voice)
    turn_taking = EndpointingSwitch(settings.turns, plan.pipeline)
    state = CallState(
        call_id=call_id,
        language=plan.language,
        control=control,
        turns=turn_taking,
        services=backing.services,
    )
    audio = build_audio(
        half_duplex=plan.half_duplex, noise_suppression=settings.interruptions.noise_suppression
    )
    context.vad.listen(audio.gain.heard)
    session = build_session(
        parts,
        turns,
        vad=context.vad,
        state=state,
        audio=audio,
        echo_warmup_s=settings.interruptions.echo_warmup_s,
    )
    caller_turns = SessionTurns(session)
    safety = build_safety(pipelines, backing, state, caller_turns, room=room, listener=listener)
    interruptions = _interruptions(pipelines, audio)
    interruptions.watch(session)
    EarlyReplies(context.vad, Floor(session), are_answered=lambda: interruptions.are_answered)
    safety.watch(session)
    turn_taking.attach(session)
    session.output.audio = voice = Voice(audio.playout)
    voices = Voices(plan.pipeline, first_voice, pipelines.speaking)
    company = _Company(
        pipelines,
        safety,
        interruptions,
        state,
        listener,
        turns=caller_turns,
        turn_taking=turn_taking,
        voices=voices,
    )
    company.handoffs.watch(session)
    listener.watch(session)
    return Call(
        plan=plan,
        state=state,
        session=session,
        agent=company.handoffs.first_agent(),
        audio=audio,
        voice=voice,
        failover=Failover(
            company.build_spare,
            plan.pipeline,
            may_switch=pipelines.may_switch,
            interruptions=interruptions,
        ),
        manner=pipelines.manner,
        handoffs=company.handoffs,
        turn_taking=turn_taking,
        interruptions=interruptions,
        tool_calls=safety.tool_calls,
        listener=listener,
        meter=meter,
        budgets=build_budgets(settings.cost, plan, meter, backing.spending),
        decisions=safety.decisions,
    )


def _interruptions(pipelines: Pipelines, audio: CallAudio) -> Interruptions:
    folder = pipelines.settings.interruptions.backchannels_folder
    backchannels_of = partial(load_backchannels, folder=folder)
    interruptions = Interruptions(
        audio.playout, audio.spoken, audio.echo, backchannels_of(pipelines.plan.language)
    )
    pipelines.manner.on_language(lambda language: interruptions.expect(backchannels_of(language)))
    return interruptions


class _Company:
    """The personas of one call, each with what every agent of it has."""

    def __init__(
        self,
        pipelines: Pipelines,
        safety: Safety,
        interruptions: Interruptions,
        state: CallState,
        listener: CallListener,
        *,
        turns: CallerTurns,
        turn_taking: EndpointingSwitch,
        voices: Voices,
    ) -> None:
        self._pipelines = pipelines
        self._safety = safety
        self._interruptions = interruptions
        self._state = state
        self._listener = listener
        self._cast = Cast(voices, pipelines.voice_of, self._options)
        collecting = Collecting(state, turns, self._make_task)
        plan, settings = pipelines.plan, pipelines.settings
        staging = Staging(
            make_agent=self._cast.agent,
            variables=self._variables,
            collecting=lambda persona: collecting.tools(persona.tools),
            settle=turn_taking.settle,
            tell=listener.on_persona,
            max_handoffs=settings.personas.max_handoffs,
        )
        self.handoffs = Handoffs(plan.roster.personas, plan.persona, state, turns, staging)

    def build_spare(self, pipeline: Pipeline) -> Spare:
        """A pipeline in the place of one that failed, in the voice of who speaks."""
        voice = self._cast.renew(pipeline, self.handoffs.current)
        spare = Spare(*self._pipelines.build(pipeline, voice))
        self._pipelines.context.connections.start()  # opened now, and not in its first answer
        return spare

    def _options(self, persona: Persona) -> Options:
        return {"tools": self._safety.tools_of(persona), **self._attention(persona)}

    def _make_task(self, kind: type[_Task], options: Options) -> _Task:
        return attentive_task(kind, options, self._attention(self.handoffs.current))

    def _attention(self, persona: Persona) -> Options:
        return {
            "interruptions": self._interruptions,
            "speech_filter": Overheard(self._safety.screen_of(persona), self._listener.on_words),
        }

    def _variables(self) -> Mapping[str, str]:
        business = self._pipelines.settings.business
        today = datetime.now(ZoneInfo(business.time_zone))
        return {
            "business_name": business.name,
            "language": self._state.language,
            "today": f"{today:%A} {today.day} {today:%B %Y}",
        }
