"""The session's events, as a Watch takes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.voice.events import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent

from agent.supervision.ladder import Ladder
from agent.supervision.voice import Voice
from agent.supervision.watch import Watch


def observe(
    session: AgentSession[Any],
    watch: Watch,
    ladder: Ladder,
    voice: Voice,
    *,
    clock: Callable[[], float] = time.monotonic,
    conversing: Collection[str] = (),
) -> None:
    """Keep a Watch and a Ladder up to date from now on. The tools `conversing` talk with the caller
    themselves, and so are not watched: the conversation is.

    Errors of providers no longer close the session: what becomes of the call is the ladder's to
    decide.
    """

    def user_state_changed(event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            watch.caller_began(clock(), over_reply=voice.in_reply)
            ladder.caller_spoke()
            voice.hush()
        elif event.old_state == "speaking":
            # The event bears the wall-clock time of the last word, a while ago.
            watch.caller_ended(clock() - max(0.0, time.time() - event.created_at), clock())

    def user_input_transcribed(event: UserInputTranscribedEvent) -> None:
        if not event.is_final:
            return
        if event.transcript.strip():
            watch.understood(clock())
            ladder.understood()
        else:
            watch.wordless()

    def speech_created(event: SpeechCreatedEvent) -> None:
        watch.reply_begun(clock())
        if event.source == "say" or isinstance(session.current_agent.llm or session.llm, _RT):
            watch.turn_taken(clock())  # nothing is made ahead of the turn's end

    def agent_state_changed(event: AgentStateChangedEvent) -> None:
        if event.new_state == "thinking":
            watch.turn_taken(clock())

    def tool_execution_updated(event: ToolExecutionUpdatedEvent) -> None:
        match event.update:
            case ToolCallStarted(function_call=call) if call.name not in conversing:
                watch.tool_began(call.call_id, clock())
            case ToolCallEnded(call_id=call_id):
                watch.tool_ended(call_id, clock())

    def error(event: ErrorEvent) -> None:
        if event.error.recoverable:
            return
        match event.error.type:
            case "stt_error":
                watch.unheard()
            case "llm_error" | "tts_error":
                watch.failed()
            case "realtime_model_error":
                watch.lost()
            case _:
                return
        # The framework's way to say that it must not close the session over this.
        event.error.recoverable = True

    session.on("user_state_changed", user_state_changed)
    session.on("user_input_transcribed", user_input_transcribed)
    session.on("speech_created", speech_created)
    session.on("agent_state_changed", agent_state_changed)
    session.on("tool_execution_updated", tool_execution_updated)
    session.on("error", error)


_RT = llm.RealtimeModel
