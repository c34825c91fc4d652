"""The session that runs a pipeline in a room."""

from __future__ import annotations

from livekit.agents import (
    NOT_GIVEN,
    AgentSession,
    APIConnectOptions,
    TurnHandlingOptions,
    room_io,
    vad,
)
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.call.state import CallState
from agent.pipeline.parts import PipelineParts
from agent.pipeline.text_input import take_text

_PATIENCE = APIConnectOptions(max_retry=2, retry_interval=0.5, timeout=5.0)
"""Three tries within a silence that a caller still bears; the framework's default is over 30 s."""


def build_session(
    parts: PipelineParts, turns: TurnHandlingOptions, *, vad: vad.VAD, state: CallState
) -> AgentSession[CallState]:
    """A session that is ready to start. It closes with reason `error` at the first failure that
    outlasts the retries, so that the caller is told instead of left in silence.
    """
    return AgentSession[CallState](
        llm=parts.llm,
        stt=parts.stt or NOT_GIVEN,
        tts=parts.tts or NOT_GIVEN,
        vad=vad,
        turn_handling=turns,
        userdata=state,
        conn_options=SessionConnectOptions(
            stt_conn_options=_PATIENCE,
            llm_conn_options=_PATIENCE,
            tts_conn_options=_PATIENCE,
            max_unrecoverable_errors=0,
        ),
    )


def room_options(*, participant_identity: str | None) -> room_io.RoomOptions:
    """How the session is joined to the room: audio and text both ways, no video."""
    return room_io.RoomOptions(
        audio_input=room_io.AudioInputOptions(frame_size_ms=20),
        video_input=False,
        text_input=room_io.TextInputOptions(text_input_cb=take_text),
        participant_identity=participant_identity or NOT_GIVEN,
    )


def greet(session: AgentSession[CallState], greeting: str) -> None:
    """Say the first words: by the text-to-speech where there is one, else by the speech model."""
    if session.tts is not None:
        session.say(greeting)
    else:
        session.generate_reply(instructions=f'Greet the caller. Say exactly: "{greeting}"')
