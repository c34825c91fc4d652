"""Who decides that the caller has finished, and when the caller may talk over the agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from livekit.agents import TurnHandlingOptions, inference, vad
from livekit.agents.voice.turn import TurnDetectionMode
from livekit.plugins import silero

from agent.settings import TEXT_DETECTORS, Pipeline, TurnDetection, TurnSettings


def load_vad() -> vad.VAD:
    """The voice activity detector; loading takes about 0.2 s, so once for each job process."""
    # Half the default wait: what is too early to be an end, the turn detector holds back.
    return silero.VAD.load(min_silence_duration=0.3)


def register_detector(detection: TurnDetection) -> None:
    """Announce a detector that runs in the worker's inference process.

    Must be called before the worker starts: the framework starts that process only when a runner
    was registered by then.
    """
    if detection in TEXT_DETECTORS:
        _text_detector(detection)


def turn_handling(settings: TurnSettings, pipeline: Pipeline) -> TurnHandlingOptions:
    """How turns are taken in one call."""
    return TurnHandlingOptions(
        turn_detection=_detector(settings.detection, pipeline),
        endpointing={
            "min_delay": settings.endpointing_min_s,
            "max_delay": settings.endpointing_max_s,
        },
        # Named, because an unset mode picks the hosted detector where it is reachable.
        interruption={"mode": "vad"},
    )


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
