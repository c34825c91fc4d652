"""How calls go: whose turn it is, who speaks, and what is done about silence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from agent.settings.forms import LANGUAGE_TAG, Group, var

Pipeline = Literal["realtime", "cascade"]
TurnDetection = Literal["local", "english", "multilingual", "vad", "server"]
EndpointingProfile = Literal["fast", "balanced", "patient", "dictation"]

TEXT_DETECTORS: frozenset[TurnDetection] = frozenset({"english", "multilingual"})
"""Turn detectors that read the transcript."""


class TurnSettings(Group):
    """Who decides that a caller has finished, and how long that decision may take."""

    detection: TurnDetection = var("PARLEY_TURN_DETECTION", "local")
    endpointing: EndpointingProfile = var("PARLEY_ENDPOINTING", "balanced")
    endpointing_min_s: float | None = var("PARLEY_ENDPOINTING_MIN_S", None, ge=0, le=10)
    endpointing_max_s: float | None = var("PARLEY_ENDPOINTING_MAX_S", None, ge=0, le=30)
    """None leaves the profile's own value, see `agent.pipeline.profiles`."""
    speculation: Literal["off", "words", "voice"] = var("PARLEY_SPECULATION", "voice")
    """What of a reply is made while the turn may still go on; in realtime it is all or nothing."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        low, high = self.endpointing_min_s, self.endpointing_max_s
        if low is not None and high is not None and high < low:
            raise ValueError(
                "PARLEY_ENDPOINTING_MAX_S: must not be less than PARLEY_ENDPOINTING_MIN_S"
            )
        return self


class InterruptionSettings(Group):
    """When a caller may talk over the agent, and what is not taken for talking over it."""

    min_speech_s: float = var("PARLEY_INTERRUPTION_MIN_S", 0.2, ge=0, le=5)
    """Speech after which the agent falls silent; whether for good is decided after."""
    backchannels_folder: Path | None = var("PARLEY_BACKCHANNELS_FOLDER", None)
    half_duplex: bool = var("PARLEY_HALF_DUPLEX", False)
    noise_suppression: bool = var("PARLEY_NOISE_SUPPRESSION", False)
    echo_warmup_s: float = var("PARLEY_ECHO_WARMUP_S", 0.0, ge=0, le=30)
    """From the agent's first word, the caller is not heard while the agent speaks."""


class CallSettings(Group):
    """What a call is like unless its job metadata says otherwise."""

    pipeline: Pipeline = var("PARLEY_PIPELINE", "cascade")
    persona: str = var("PARLEY_PERSONA", "frontdesk")
    language: str = var("PARLEY_LANGUAGE", "en", pattern=LANGUAGE_TAG)
    join_timeout_s: float = var("PARLEY_JOIN_TIMEOUT_S", 60, gt=0)
    """How long the agent waits in a room for its caller before it leaves."""
    notice: str = var("PARLEY_NOTICE", "", max_length=2_000)
    """Said before the greeting: that this is a machine, that the call is recorded."""
    notice_uninterruptible: bool = var("PARLEY_NOTICE_UNINTERRUPTIBLE", True)
    """Whether it is said to its end, whatever the caller says meanwhile."""


class PersonaSettings(Group):
    """The characters that the agent can be."""

    folder: Path | None = var("PARLEY_PERSONAS_DIR", None)
    """The operator's own; None for the bundled ones alone."""
    voices: bool = var("PARLEY_PERSONA_VOICES", True)
    """Whether each speaks in its own voice; else all in the configured one."""
    max_handoffs: int = var("PARLEY_MAX_HANDOFFS", 8, ge=0, le=100)
    """In one call, from persona to persona."""


class SupervisionSettings(Group):
    """How long a caller may be left without a sound, and what may be done about it."""

    silence_limit_s: float = var("PARLEY_SILENCE_LIMIT_S", 3.0, ge=1, le=20)
    """From the caller's last word to a sound: an answer, or a recording that asks for patience."""
    tool_limit_s: float = var("PARLEY_TOOL_LIMIT_S", 20, gt=0)
    failover: bool = var("PARLEY_FAILOVER", True)
    """Whether a call whose pipeline fails goes on in the other one."""
    idle_s: float = var("PARLEY_IDLE_S", 30, ge=0)
    """Silence after which the caller is asked whether they are there; 0 for never."""
    no_progress_s: float = var("PARLEY_NO_PROGRESS_S", 90, ge=1)
    """Sound without a word that is understood, as with music on hold, after which they are asked
    the same.
    """
    rejoin_grace_s: float = var("PARLEY_REJOIN_GRACE_S", 15, ge=0, le=300)
    """How long a caller whose connection broke may take to come back to the same call."""
