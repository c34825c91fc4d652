"""What a session update changes, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad

from agent.sandbox.realtime.errors import ClientError
from agent.sandbox.realtime.session import Session


@pytest.fixture
def session() -> Session:
    """A new session."""
    return Session("sess_1", "realtime", model="gpt-realtime", expires_at=1)


def update(session: Session, *, voice_is_fixed: bool = False, **changes: object) -> None:
    """Change the session."""
    session.update({"type": session.kind, **changes}, voice_is_fixed=voice_is_fixed)


def test_turn_detection_changes_kind_with_the_defaults_of_the_new_one(session: Session) -> None:
    """Settings of server_vad are no settings of semantic_vad."""
    detection: dict[str, Any] = {"type": "server_vad", "threshold": 0.9}
    update(session, audio={"input": {"turn_detection": detection}})
    update(session, audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    assert session.turn_detection == SemanticVad(
        type="semantic_vad", eagerness="auto", create_response=True, interrupt_response=True
    )
    update(session, audio={"input": {"turn_detection": {"type": "server_vad"}}})
    assert isinstance(session.turn_detection, ServerVad)
    assert session.turn_detection.threshold == 0.5


def test_turn_detection_comes_back_with_its_defaults(session: Session) -> None:
    """After null, naming a kind is enough."""
    update(session, audio={"input": {"turn_detection": None}})
    assert session.turn_detection is None
    update(session, audio={"input": {"turn_detection": {"type": "server_vad"}}})
    assert isinstance(session.turn_detection, ServerVad)
    assert session.turn_detection.silence_duration_ms == 500


def test_null_resets_what_cannot_be_off(session: Session) -> None:
    """A voice, tools or a format cannot be null; they go back to the default."""
    update(
        session,
        tools=[{"type": "function", "name": "f"}],
        audio={"output": {"voice": "cedar", "format": {"type": "audio/pcmu"}, "speed": 1.2}},
    )
    update(session, tools=None, audio={"output": {"voice": None, "format": None, "speed": None}})
    assert session.document["tools"] == []
    assert session.document["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "alloy",
        "speed": 1.0,
    }


def test_transcription_is_merged_and_turned_off(session: Session) -> None:
    """A later update may add a language to the model named before; null stops transcripts."""
    update(session, audio={"input": {"transcription": {"model": "whisper-1"}}})
    update(session, audio={"input": {"transcription": {"language": "de"}}})
    assert session.transcription == {"model": "whisper-1", "language": "de"}
    update(session, audio={"input": {"transcription": None}})
    assert session.transcription is None


def test_a_refused_update_changes_nothing(session: Session) -> None:
    """One bad field keeps the good ones out as well."""
    before = session.document
    with pytest.raises(ClientError):
        update(session, instructions="new", audio={"output": {"speed": 7}})
    assert session.document == before


def test_sessions_do_not_share_their_defaults() -> None:
    """What one caller changes is nothing to another."""
    first = Session("sess_1", "realtime", model="m", expires_at=1)
    second = Session("sess_2", "realtime", model="m", expires_at=1)
    update(first, audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.1}}})
    first.document["tools"].append({"name": "f"})
    assert isinstance(second.turn_detection, ServerVad)
    assert second.turn_detection.threshold == 0.5
    assert second.document["tools"] == []


def test_model_and_kind_stay(session: Session) -> None:
    """The model of the connection stays in force, and the kind of session cannot change."""
    update(session, model="another")
    assert session.document["model"] == "gpt-realtime"
    with pytest.raises(ClientError, match="not allowed"):
        session.update({"type": "transcription"}, voice_is_fixed=False)
