"""The session that runs a pipeline in a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livekit.agents import (
    NOT_GIVEN,
    AgentSession,
    APIConnectOptions,
    TurnHandlingOptions,
    room_io,
    vad,
)
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.room_io.types import TextInputCallback
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.call.state import CallState
from agent.pipeline.caller_audio import CallerAudio, Filter, HalfDuplexGate, NoiseSuppressor
from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.echo_guard import SpokenWords
from agent.pipeline.gain_control import GainControl
from agent.pipeline.parts import PipelineParts
from agent.pipeline.playout import RoomPlayout
from agent.pipeline.text_input import take_text
from agent.settings import Pipeline

_PATIENCE = APIConnectOptions(max_retry=2, retry_interval=0.5, timeout=5.0)
"""Three tries within a silence that a caller still bears; the framework's default is over 30 s."""


@dataclass(frozen=True, slots=True)
class CallAudio:
    """What a session's audio goes through: the agent's voice, its words, the caller's filters."""

    playout: RoomPlayout
    spoken: SpokenWords
    echo: EchoCanceller
    gain: GainControl
    caller: CallerAudio


def build_audio(*, half_duplex: bool, noise_suppression: bool) -> CallAudio:
    """The audio of one call; needs a running loop. `playout` is to be started in the room."""
    playout = RoomPlayout()
    echo = EchoCanceller(playout.played)
    # The canceller first: the others change what it must find again.
    filters: list[Filter] = [HalfDuplexGate(playout) if half_duplex else echo]
    if noise_suppression:
        filters.append(NoiseSuppressor())
    gain = GainControl()
    return CallAudio(playout, SpokenWords(), echo, gain, CallerAudio([*filters, gain]))


def build_session(
    parts: PipelineParts,
    turns: TurnHandlingOptions,
    *,
    vad: vad.VAD,
    state: CallState,
    audio: CallAudio,
    echo_warmup_s: float = 0.0,
) -> AgentSession[CallState]:
    """A session that is ready to start. It closes with reason `error` at the first failure that
    outlasts the retries, so that the caller is told instead of left in silence; unless somebody
    hears its errors and sets them to recoverable, as supervision does.
    """
    session = AgentSession[CallState](
        llm=parts.llm,
        stt=parts.stt or NOT_GIVEN,
        tts=parts.tts or NOT_GIVEN,
        vad=vad,
        turn_handling=turns,
        userdata=state,
        # The framework's default of 3 s would not let a caller talk over the greeting.
        aec_warmup_duration=echo_warmup_s or None,
        conn_options=SessionConnectOptions(
            stt_conn_options=_PATIENCE,
            llm_conn_options=_PATIENCE,
            tts_conn_options=_PATIENCE,
            max_unrecoverable_errors=0,
        ),
    )
    session.output.audio = audio.playout
    return session


_INPUT_RATE_HZ: Mapping[Pipeline, int] = {
    # What the detectors and the recognisers work at: nothing is resampled on the way to them.
    "cascade": 16_000,
    "realtime": 24_000,
}


def room_options(
    audio: CallAudio,
    pipeline: Pipeline,
    *,
    participant_identity: str | None,
    on_text: TextInputCallback = take_text,
) -> room_io.RoomOptions:
    """How the session is joined to the room: audio and text both ways, no video. What the caller
    types goes to `on_text`.
    """
    return room_io.RoomOptions(
        audio_input=room_io.AudioInputOptions(
            sample_rate=_INPUT_RATE_HZ[pipeline],
            frame_size_ms=20,
            noise_cancellation=audio.caller,
            auto_gain_control=False,  # GainControl does it
        ),
        audio_output=False,  # the playout is the output
        text_output=room_io.TextOutputOptions(next_in_chain=audio.spoken),
        video_input=False,
        text_input=room_io.TextInputOptions(text_input_cb=on_text),
        participant_identity=participant_identity or NOT_GIVEN,
        close_on_disconnect=False,  # the caller may come back
    )


def greet(session: AgentSession[CallState], greeting: str) -> None:
    """Say the first words."""
    if session.tts is not None:
        session.say(greeting)
    else:
        session.generate_reply(instructions=f'Greet the caller. Say exactly: "{greeting}"')


def say(session: AgentSession[CallState], text: str) -> SpeechHandle:
    """Say a passage: by the text-to-speech where there is one, else by the speech model."""
    if session.tts is not None:
        return session.say(text)
    return session.generate_reply(instructions=f'Say exactly: "{text}"', tool_choice="none")


def announce(session: AgentSession[CallState], text: str) -> SpeechHandle:
    """Say a passage to its end, whatever the caller does. Their audio is silence to both pipelines
    meanwhile.
    """
    handle = say(session, text)
    # Set afterwards: with the provider's own turn detection the framework ignores the argument, but
    # honours the attribute by not letting the provider hear the caller.
    handle.allow_interruptions = False
    return handle
