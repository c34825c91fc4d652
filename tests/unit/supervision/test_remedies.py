"""What a call's output does while nobody hears it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.room_io._output import _ParticipantTranscriptionOutput

from agent.supervision.remedies import SessionRemedies
from agent.supervision.voice import Voice
from tests.fakes.voice import Ear


@dataclass
class _Line:
    """One text stream, of which only those read anything who were there when it began."""

    words: list[str] = field(default_factory=list)

    async def write(self, text: str) -> None:
        self.words.append(text)

    async def aclose(self, *, attributes: object = None) -> None: ...


class _ReadingRoom(rtc.EventEmitter[str]):
    """As much of a Room as captions need; it is its own local participant."""

    identity = "agent"

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[_Line] = []
        self.remote_participants: dict[str, Any] = {}
        self.track_publications: dict[str, Any] = {}

    @property
    def local_participant(self) -> _ReadingRoom:
        return self

    def isconnected(self) -> bool:
        return True

    async def stream_text(self, **_: object) -> _Line:
        self.lines.append(_Line())
        return self.lines[-1]


async def test_who_comes_back_reads_a_line_that_begins_then() -> None:
    """A word that was due when the caller left may still be sent: it begins no line of the rest."""
    room = _ReadingRoom()
    session: AgentSession[None] = AgentSession()
    captions = _ParticipantTranscriptionOutput(room=cast("rtc.Room", room), participant="agent")
    session.output.transcription = captions
    remedies = SessionRemedies(
        session,
        Voice(Ear()),
        room=cast("rtc.Room", room),
        language="en",
        greet=lambda: None,
        change_pipeline=_never,
        end=lambda _reason, _apologise: None,
    )
    await captions.capture_text("There was ")
    remedies.hold()
    await captions.capture_text("a ")
    remedies.release()
    await captions.capture_text("river.")
    assert room.lines[-1].words == ["river."]


async def _never(limit_s: float) -> None:
    raise AssertionError(f"replaced within {limit_s} s")
