"""The composition root: settings and job metadata in, a call that is ready to start out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from livekit import rtc
from livekit.agents import Agent, AgentSession, TurnHandlingOptions, vad

from agent.call.options import CallOptions
from agent.call.state import CallControl, CallState
from agent.errors import ParleyError, SettingsError
from agent.personas.base import Persona, find_persona
from agent.pipeline.backchannels import load_backchannels
from agent.pipeline.cascade import (
    CascadeContext,
    build_cascade,
    build_llm,
    build_stt,
    check_providers,
)
from agent.pipeline.connections import Connections
from agent.pipeline.failover import Failover, Spare
from agent.pipeline.heard import Heard, Listener
from agent.pipeline.interruptions import AttentiveAgent, Interruptions
from agent.pipeline.parts import PipelineParts, chosen
from agent.pipeline.profiles import EndpointingSwitch
from agent.pipeline.realtime import REALTIME_PROVIDERS, build_realtime
from agent.pipeline.realtime_link import LanguageModelSummary, Summarise
from agent.pipeline.session import CallAudio, build_audio, build_session
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculative_stt import SpeculativeSTT
from agent.pipeline.turns import is_local, turn_handling
from agent.settings import Pipeline, Settings
from agent.supervision.events import observe
from agent.supervision.remedies import SessionRemedies
from agent.supervision.supervisor import Supervisor
from agent.supervision.voice import Voice
from agent.supervision.watch import Limits, Watch
from tools.catalogue import find_tools


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What one call will be: decided, but nothing built or connected yet."""

    pipeline: Pipeline
    persona: Persona
    language: str
    voice: str | None
    half_duplex: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is ready to start."""

    plan: CallPlan
    session: AgentSession[CallState]
    agent: Agent
    audio: CallAudio
    voice: Voice
    failover: Failover


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
        half_duplex=(
            settings.interruptions.half_duplex
            if options.half_duplex is None
            else options.half_duplex
        ),
    )


def build_call(
    settings: Settings,
    plan: CallPlan,
    *,
    call_id: str,
    vad: vad.VAD,
    connections: Connections,
    control: CallControl,
) -> Call:
    """Everything one call needs, built in the job's own process. The caller of this function
    starts and closes `connections`.
    """
    context = CascadeContext(connections, SharedVAD(vad), plan.language)
    parts, turns = _build_pipeline(settings, plan, context, plan.pipeline)
    turn_taking = EndpointingSwitch(settings.turns, plan.pipeline)
    state = CallState(call_id=call_id, language=plan.language, control=control, turns=turn_taking)
    audio = build_audio(
        half_duplex=plan.half_duplex, noise_suppression=settings.interruptions.noise_suppression
    )
    session = build_session(
        parts,
        turns,
        vad=context.vad,
        state=state,
        audio=audio,
        echo_warmup_s=settings.interruptions.echo_warmup_s,
    )
    backchannels = load_backchannels(plan.language, settings.interruptions.backchannels_folder)
    interruptions = Interruptions(audio.playout, audio.spoken, audio.echo, backchannels)
    interruptions.watch(session)
    turn_taking.attach(session)
    voice = Voice(audio.playout)
    session.output.audio = voice

    def build_spare(pipeline: Pipeline) -> Spare:
        spare = Spare(*_build_pipeline(settings, plan, context, pipeline))
        connections.start()  # they open while it takes over, not in its first answer
        return spare

    return Call(
        plan=plan,
        session=session,
        agent=AttentiveAgent(
            interruptions=interruptions,
            instructions=plan.persona.instructions,
            tools=[*find_tools(plan.persona.tools)],
        ),
        audio=audio,
        voice=voice,
        failover=Failover(
            build_spare,
            plan.pipeline,
            may_switch=settings.supervision.failover and _has_both_accounts(settings),
            interruptions=interruptions,
        ),
    )


def build_supervisor(
    settings: Settings,
    call: Call,
    *,
    room: rtc.Room,
    greet: Callable[[], object],
    end: Callable[[str, bool], None],
) -> Supervisor:
    """What watches over a call. It hears the session from now on, and acts once it is run.

    Args:
        settings: The worker's.
        call: The call.
        room: Where it takes place.
        greet: Says its first words, for the case that they were not heard.
        end: Ends it, given a reason and whether the caller must still be told.
    """
    session, voice = call.session, call.voice
    limits = Limits(
        silence_s=settings.supervision.silence_limit_s,
        tool_s=settings.supervision.tool_limit_s,
        idle_s=settings.supervision.idle_s,
        progress_s=settings.supervision.no_progress_s,
    )
    remedies = SessionRemedies(
        session,
        voice,
        room=room,
        language=call.plan.language,
        greet=greet,
        change_pipeline=lambda limit_s: call.failover.change(session, limit_s=limit_s),
        end=end,
    )
    supervisor = Supervisor(
        Watch(limits, time.monotonic()),
        remedies,
        limits,
        heard_until_s=voice.reply_heard_until_s,
        in_reply=lambda: voice.in_reply,
        longest_turn_end_s=lambda: session.options.endpointing["max_delay"],
    )
    observe(session, supervisor.watch, supervisor.ladder, voice)
    return supervisor


def check_buildable(settings: Settings) -> None:
    """See that what the settings name is there: a wrong name is a fault at start, not in a call.

    Raises:
        SettingsError: naming the variable.
    """
    try:
        find_tools(find_persona(settings.call.persona).tools)
    except SettingsError:
        raise
    except ParleyError as error:
        raise SettingsError([f"PARLEY_PERSONA: {error}"]) from None
    check_providers(settings.cascade)
    chosen(REALTIME_PROVIDERS, settings.realtime.provider, "PARLEY_REALTIME_PROVIDER")


def _build_pipeline(
    settings: Settings, plan: CallPlan, context: CascadeContext, pipeline: Pipeline
) -> tuple[PipelineParts, TurnHandlingOptions]:
    if pipeline == "realtime":
        parts = build_realtime(
            settings.realtime,
            settings.openai,
            settings.turns,
            language=plan.language,
            voice=plan.voice,
            summarise=_summary(settings, context),
        )
    else:
        parts = build_cascade(settings.cascade, settings.openai, context, voice=plan.voice)
    if pipeline == "realtime":
        recogniser = words_beside(settings, context)
    else:
        recogniser = parts.stt if isinstance(parts.stt, SpeculativeSTT) else None
    turns = turn_handling(
        settings.turns,
        pipeline,
        settings.interruptions,
        language=plan.language,
        heard=recogniser.heard if recogniser else None,
        listener=Listener(recogniser) if recogniser and pipeline == "realtime" else None,
    )
    return parts, turns


def words_beside(settings: Settings, context: CascadeContext) -> SpeculativeSTT | None:
    """What tells the turn detector the words in the realtime pipeline, which has none of its own
    before the turn is over; None if it is not wanted or there is no account for it.
    """
    has_account = settings.openai.api_key is not None or settings.cascade.stt.api_key is not None
    wanted = settings.realtime.words and is_local(settings.turns.detection, "realtime")
    if not (wanted and has_account):
        return None
    asked = settings.cascade.stt.model_copy(update={"streaming": "off"})
    recogniser = build_stt(asked, settings.openai, replace(context, heard=Heard()))
    return recogniser if isinstance(recogniser, SpeculativeSTT) else None


def _summary(settings: Settings, context: CascadeContext) -> Summarise | None:
    """By the cascade's language model, where there is an account for it."""
    if settings.openai.api_key is None and settings.cascade.llm.api_key is None:
        return None
    return LanguageModelSummary(lambda: build_llm(settings.cascade.llm, settings.openai, context))


def _has_both_accounts(settings: Settings) -> bool:
    cascade = settings.cascade
    parts = (settings.realtime, cascade.stt, cascade.llm, cascade.tts)
    return settings.openai.api_key is not None or all(part.api_key for part in parts)
