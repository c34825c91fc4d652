"""A session's configuration: OpenAI's defaults, what the client changed, and what is fixed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Literal

from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad

from agent.sandbox.realtime.audio import AudioFormat, audio_format
from agent.sandbox.realtime.errors import ClientError, invalid, missing

Kind = Literal["realtime", "transcription"]

DEFAULT_MODEL = "gpt-realtime"
_INSTRUCTIONS = "You are a helpful assistant who speaks with the user. Be brief and friendly."
_PCM = {"type": "audio/pcm", "rate": 24000}
_TURN_DETECTION: dict[str, dict[str, Any]] = {
    "server_vad": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    },
    "semantic_vad": {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    },
}
_INPUT = {
    "format": _PCM,
    "transcription": None,
    "noise_reduction": None,
    "turn_detection": _TURN_DETECTION["server_vad"],
}
_DEFAULTS: dict[Kind, dict[str, Any]] = {
    "realtime": {
        "output_modalities": ["audio"],
        "instructions": _INSTRUCTIONS,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "include": None,
        "audio": {"input": _INPUT, "output": {"format": _PCM, "voice": "alloy", "speed": 1.0}},
    },
    "transcription": {"include": None, "audio": {"input": _INPUT}},
}
_MODEL = "audio.input.transcription.model"
_NULLABLE = {"transcription", "noise_reduction", "turn_detection", "tracing", "prompt", "include"}
_WITHOUT_TURNS = {"gpt-realtime-whisper", "gpt-live-transcribe"}
"""Models that transcribe as one speaks: a transcription session with one has no turn detection."""
_RANGES: dict[str, tuple[float, float]] = {
    "audio.output.speed": (0.25, 1.5),
    "audio.input.turn_detection.threshold": (0, 1),
    "audio.input.turn_detection.prefix_padding_ms": (0, 60_000),
    "audio.input.turn_detection.silence_duration_ms": (0, 60_000),
    "audio.input.turn_detection.idle_timeout_ms": (1, 3_600_000),
    "audio.input.noise_reduction.strength": (0, 1),
}


class Session:
    """The configuration in force. `document` is the session object of session.created."""

    def __init__(self, identifier: str, kind: Kind, *, model: str, expires_at: int) -> None:
        self.kind: Kind = kind
        self.document: dict[str, Any] = {
            "type": kind,
            "object": "realtime.session"
            if kind == "realtime"
            else "realtime.transcription_session",
            "id": identifier,
            "expires_at": expires_at,
            **({"model": model} if kind == "realtime" else {}),
            **copy.deepcopy(_DEFAULTS[kind]),
        }

    def update(self, patch: dict[str, Any], *, voice_is_fixed: bool) -> None:
        """Change what is present in `patch`: null turns off what can be off and resets the rest;
        the model stays as it is. Raises ClientError and changes nothing if any of it is refused.
        """
        if patch["type"] != self.kind:
            raise invalid(
                "session.type",
                f"Passing a {patch['type']} session update event to a {self.kind} session"
                " is not allowed.",
            )
        changes = {key: value for key, value in patch.items() if key not in ("type", "model")}
        updated = _merged(self.document, changes, _DEFAULTS[self.kind])
        _check(updated)
        if self.kind == "transcription" and _at(updated, _MODEL) in _WITHOUT_TURNS:
            updated["audio"]["input"]["turn_detection"] = None
        if voice_is_fixed and _voice(updated) != _voice(self.document):
            raise ClientError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
                param="session.audio.output.voice",
            )
        self.document = updated

    @property
    def input_format(self) -> AudioFormat:
        """Of the audio the client appends."""
        return audio_format(self._input["format"])

    @property
    def turn_detection(self) -> ServerVad | SemanticVad | None:
        """How turns end, with every field filled in; None leaves that to the client."""
        settings = self._input["turn_detection"]
        if settings is None:
            return None
        kind = ServerVad if settings["type"] == "server_vad" else SemanticVad
        return kind.model_validate(settings)

    @property
    def transcription(self) -> dict[str, Any] | None:
        """Settings of the transcription of the user's audio; None sends no transcripts."""
        settings: dict[str, Any] | None = self._input["transcription"]
        return settings

    @property
    def _input(self) -> dict[str, Any]:
        settings: dict[str, Any] = self.document["audio"]["input"]
        return settings


def check_max_output_tokens(value: object, param: str) -> None:
    """Raises ClientError unless the value is "inf" or from 1 to 4096."""
    if value not in (None, "inf") and not (isinstance(value, int) and 1 <= value <= 4096):
        raise invalid(param, f"Invalid value for '{param}': expected 1 to 4096, or 'inf'.")


def check_modalities(value: list[str] | None, param: str) -> None:
    """Raises ClientError unless there is exactly one of text and audio."""
    if value is not None and len(value) != 1:
        raise invalid(
            param,
            f"Invalid modalities: {value}. Supported combinations are: ['text'] and ['audio'].",
        )


def check_tools(tools: list[dict[str, Any]] | None, param: str) -> None:
    """Raises ClientError for a function without a name, and for MCP servers."""
    for index, tool in enumerate(tools or ()):
        if tool.get("type", "function") != "function":
            raise invalid(f"{param}[{index}].type", "The sandbox serves function tools, not MCP.")
        if not tool.get("name"):
            raise missing(f"{param}[{index}].name")


def _check(document: dict[str, Any]) -> None:
    for path, (low, high) in _RANGES.items():
        value = _at(document, path)
        if value is not None and not low <= value <= high:
            raise invalid(
                f"session.{path}",
                f"Invalid value for 'session.{path}': expected {low} to {high}, got {value}.",
            )
    check_max_output_tokens(document.get("max_output_tokens"), "session.max_output_tokens")
    check_modalities(document.get("output_modalities"), "session.output_modalities")
    check_tools(document.get("tools"), "session.tools")


def _at(document: dict[str, Any], path: str) -> Any:
    here: Any = document
    for key in path.split("."):
        here = here.get(key) if isinstance(here, dict) else None
    return here


def _voice(document: dict[str, Any]) -> object:
    return _at(document, "audio.output.voice")


def _merged(
    current: dict[str, Any], patch: dict[str, Any], defaults: dict[str, Any]
) -> dict[str, Any]:
    return {**current, **dict(_changes(current, patch, defaults))}


def _changes(
    current: dict[str, Any], patch: dict[str, Any], defaults: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    for key, value in patch.items():
        default = defaults.get(key)
        if value is None:
            yield key, None if key in _NULLABLE else copy.deepcopy(default)
        elif key == "turn_detection":
            same = (current[key] or {}).get("type") == value["type"]
            base = current[key] if same else _TURN_DETECTION[value["type"]]
            yield key, _merged(base, value, _TURN_DETECTION[value["type"]])
        elif key in ("audio", "input", "output"):
            yield key, _merged(current[key], value, default or {})
        elif key in ("transcription", "noise_reduction"):
            yield key, _merged(current[key] or {}, value, {})
        else:
            yield key, value
