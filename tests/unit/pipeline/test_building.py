"""From settings to the models and the turn-taking of one call."""

from __future__ import annotations

import pytest
from livekit.agents import inference, llm, stt, tts, vad
from livekit.plugins import openai
from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad

from agent.bootstrap import check_buildable, plan_call, words_beside
from agent.call.options import CallOptions
from agent.errors import CallOptionsError, SettingsError
from agent.pipeline.cascade import CascadeContext, build_cascade
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.end_of_turn import WordAwareDetector
from agent.pipeline.heard import Heard
from agent.pipeline.realtime import build_realtime, server_detection
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculative_stt import SpeculativeSTT
from agent.pipeline.turns import load_vad, turn_handling
from agent.settings import Settings, load_settings


def settings_with(**changes: str) -> Settings:
    return load_settings(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret",
            "OPENAI_API_KEY": "shared-key",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            **changes,
        }
    )


async def test_each_part_of_the_cascade_uses_its_own_server_or_the_shared_one() -> None:
    """Speech-to-text may run on one machine and the language model on another."""
    settings = settings_with(
        PARLEY_LLM_BASE_URL="http://127.0.0.1:11434/v1", PARLEY_LLM_MODEL="llama3.2"
    )
    connections = Connections(load_certificates())
    context = CascadeContext(connections, SharedVAD(load_vad()), "en")
    parts = build_cascade(settings.cascade, settings.openai, context, voice="alloy")
    assert isinstance(parts.llm, llm.LLM)
    assert parts.llm.model == "llama3.2"
    assert parts.llm.provider == "127.0.0.1:11434"
    assert isinstance(parts.tts, tts.TTS)
    assert parts.tts.provider == "127.0.0.1:9"
    assert isinstance(parts.stt, stt.STT)
    assert parts.stt.provider == "127.0.0.1:9"
    await connections.aclose()


@pytest.mark.parametrize(
    ("chosen", "base_url", "streams"),
    [
        ("auto", "https://api.openai.com/v1", True),
        ("auto", "http://127.0.0.1:9/v1", False),
        ("on", "http://127.0.0.1:9/v1", True),
        ("off", "https://api.openai.com/v1", False),
    ],
)
async def test_transcripts_stream_where_the_server_is_known_to_offer_it(
    chosen: str, base_url: str, streams: bool
) -> None:
    """Elsewhere the request is sent ahead in the caller's pauses."""
    settings = settings_with(PARLEY_STT_STREAMING=chosen, OPENAI_BASE_URL=base_url)
    connections = Connections(load_certificates())
    context = CascadeContext(connections, SharedVAD(load_vad()), "en")
    parts = build_cascade(settings.cascade, settings.openai, context, voice=None)
    assert isinstance(parts.stt, openai.STT if streams else SpeculativeSTT)
    await connections.aclose()


@pytest.mark.parametrize("part", ["STT", "LLM", "TTS", "REALTIME"])
def test_an_unknown_provider_is_a_fault_at_start(part: str) -> None:
    """The operator learns the variable and the providers there are."""
    with pytest.raises(SettingsError, match=f"PARLEY_{part}_PROVIDER.*openai"):
        check_buildable(settings_with(**{f"PARLEY_{part}_PROVIDER": "acme"}))


def test_an_unknown_persona_is_a_fault_at_start() -> None:
    """A worker does not take calls that it would have to refuse."""
    with pytest.raises(SettingsError, match="PARLEY_PERSONA"):
        check_buildable(settings_with(PARLEY_PERSONA="nobody"))


def test_options_of_the_call_go_before_the_workers_settings() -> None:
    """One worker serves both pipelines; the job's metadata chooses."""
    plan = plan_call(settings_with(), CallOptions(pipeline="realtime", voice="alloy"))
    assert (plan.pipeline, plan.voice, plan.language) == ("realtime", "alloy", "en")
    with pytest.raises(CallOptionsError, match="frontdesk"):
        plan_call(settings_with(), CallOptions(persona="nobody"))


async def test_the_provider_detects_turns_only_when_asked_to() -> None:
    """By default the local detector decides, and the server's silence is not paid twice."""
    ours = settings_with(PARLEY_PIPELINE="realtime")
    theirs = settings_with(PARLEY_PIPELINE="realtime", PARLEY_TURN_DETECTION="server")
    capabilities = []
    for settings in (ours, theirs):
        parts = build_realtime(
            settings.realtime, settings.openai, settings.turns, language="de-CH", voice=None
        )
        assert isinstance(parts.llm, openai.realtime.RealtimeModel)
        capabilities.append(parts.llm.capabilities.turn_detection)
    assert capabilities == [False, True]


def test_server_detection_takes_its_parameters_in_seconds() -> None:
    """The API counts in milliseconds, the settings in seconds."""
    detection = server_detection(
        settings_with(
            PARLEY_REALTIME_SERVER_DETECTION="server_vad", PARLEY_REALTIME_VAD_SILENCE_S="0.7"
        ).realtime
    )
    assert isinstance(detection, ServerVad)
    assert detection.silence_duration_ms == 700
    semantic = server_detection(settings_with(PARLEY_REALTIME_EAGERNESS="low").realtime)
    assert isinstance(semantic, SemanticVad)
    assert semantic.eagerness == "low"


def test_turns_are_taken_by_the_local_model_and_never_by_a_hosted_one() -> None:
    """The detector and the interruption mode are both named, so no default reaches a cloud."""
    turns = turn_handling(settings_with().turns, "cascade", settings_with().interruptions)
    detector = turns["turn_detection"]
    assert isinstance(detector, inference.TurnDetector)
    assert detector.model == "turn-detector-v1-mini"
    assert turns["interruption"]["mode"] == "vad"


def test_the_cascade_makes_its_reply_ahead_and_looks_at_the_words() -> None:
    """While a turn may still go on, reply and voice are made; words that break off keep it open."""
    settings = settings_with()
    turns = turn_handling(settings.turns, "cascade", settings.interruptions, heard=Heard())
    assert isinstance(turns["turn_detection"], WordAwareDetector)
    assert turns["preemptive_generation"]["preemptive_tts"]


@pytest.mark.parametrize(
    ("changes", "listens"),
    [
        ({}, True),
        ({"PARLEY_STT_STREAMING": "on"}, True),
        ({"PARLEY_REALTIME_WORDS": "false"}, False),
        ({"PARLEY_TURN_DETECTION": "server"}, False),
        ({"OPENAI_API_KEY": "", "PARLEY_REALTIME_API_KEY": "key"}, False),
    ],
)
async def test_the_realtime_pipeline_has_the_words_found_out_beside_it(
    changes: dict[str, str], listens: bool
) -> None:
    """Where the local detector decides, an account is there, and nobody has switched it off."""
    settings = settings_with(PARLEY_PIPELINE="realtime", **changes)
    connections = Connections(load_certificates())
    context = CascadeContext(connections, SharedVAD(load_vad()), "en")
    assert isinstance(words_beside(settings, context), SpeculativeSTT) is listens
    await connections.aclose()


@pytest.mark.parametrize(
    ("chosen", "pipeline", "used"),
    [("vad", "cascade", "vad"), ("server", "realtime", "realtime_llm")],
)
def test_other_detectors_are_used_where_chosen(chosen: str, pipeline: str, used: str) -> None:
    """PARLEY_TURN_DETECTION decides."""
    settings = settings_with(PARLEY_TURN_DETECTION=chosen, PARLEY_PIPELINE=pipeline)
    assert (
        turn_handling(settings.turns, settings.call.pipeline, settings.interruptions)[
            "turn_detection"
        ]
        == used
    )


def test_the_voice_activity_detector_loads_without_a_network() -> None:
    """Its model is part of the package."""
    assert isinstance(load_vad(), vad.VAD)
