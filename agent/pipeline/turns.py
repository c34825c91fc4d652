"""Who decides that the caller has finished, and when the caller may talk over the agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from livekit.agents import TurnHandlingOptions, inference, vad
from livekit.agents.voice.turn import TurnDetectionMode

from agent.pipeline.end_of_turn import WordAwareDetector
from agent.pipeline.heard import Heard, Listener
from agent.pipeline.profiles import endpointing
from agent.pipeline.speech_detector import SpeechDetector
from agent.settings import (
    TEXT_DETECTORS,
    InterruptionSettings,
    Pipeline,
    TurnDetection,
    TurnSettings,
)


def load_vad() -> vad.VAD:
    """The voice activity detector; one serves each job process."""
    # The same Silero as the plugin's, from the library that the turn detector loads anyway: without
    # ONNX Runtime.
    return SpeechDetector()


def register_detector(detection: TurnDetection) -> None:
    """Announce a detector that runs in the worker's inference process.

    Must be called before the worker starts: the framework starts that process only when a runner
    was registered by then.
    """
    if detection in TEXT_DETECTORS:
        _text_detector(detection)


def turn_handling(
    settings: TurnSettings,
    pipeline: Pipeline,
    interruptions: InterruptionSettings,
    *,
    language: str = "en",
    heard: Heard | None = None,
    listener: Listener | None = None,
) -> TurnHandlingOptions:
    """How turns are taken in one call. With `heard` the local detector looks at the words too;
    `listener` notes them there where the pipeline itself does not.
    """
    detector = _detector(settings.detection, pipeline)
    if isinstance(detector, inference.TurnDetector):
        waits = endpointing(settings).waits(pipeline, words_come=heard is not None)
        detector = WordAwareDetector(heard or Heard(), waits, language=language, listener=listener)
    return TurnHandlingOptions(
        turn_detection=detector,
        endpointing=endpointing(settings).options(pipeline),
        # The reply and its first words are made while the turn may still go on, more than once in
        # a long turn.
        preemptive_generation={
            "enabled": settings.speculation != "off",
            "preemptive_tts": settings.speculation == "voice",
            "max_speech_duration": 30.0,
            "max_retries": 6,
        },
        interruption={
            # Named, because an unset mode picks the hosted detector where it is reachable.
            "mode": "vad",
            "min_duration": interruptions.min_speech_s,
            # A pause that nobody has resolved by then; Interruptions resolves most much sooner.
            "resume_false_interruption": True,
            "false_interruption_timeout": 2.0,
        },
    )


def is_local(detection: TurnDetection, pipeline: Pipeline) -> bool:
    """Whether the end-of-turn model in this process decides."""
    if detection in TEXT_DETECTORS:
        return pipeline == "realtime"
    return detection == "local" or (detection == "server" and pipeline == "cascade")


def _detector(detection: TurnDetection, pipeline: Pipeline) -> TurnDetectionMode:
    if detection == "server" and pipeline == "realtime":
        return "realtime_llm"
    if detection == "vad":
        return "vad"
    if detection in TEXT_DETECTORS and pipeline == "cascade":
        return _text_detector(detection)()
    # Named, because an unset version picks the hosted detector in dev mode.
    return inference.TurnDetector(version="v1-mini")


def _text_detector(detection: TurnDetection) -> Callable[[], TurnDetectionMode]:
    # Imported only when chosen: the import itself warns and registers a model to download.
    if detection == "english":
        from livekit.plugins.turn_detector.english import EnglishModel

        return cast("Callable[[], TurnDetectionMode]", EnglishModel)
    from livekit.plugins.turn_detector.multilingual import MultilingualModel

    return cast("Callable[[], TurnDetectionMode]", MultilingualModel)
