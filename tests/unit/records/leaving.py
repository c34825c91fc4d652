"""Callers who leave something in every place where something can be left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from agent.call.messages import Message
from agent.call.record import (
    Closed,
    Opened,
    ParticipantJoined,
    RecordEvent,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.audio_files import AudioFile
from agent.records.places import Places
from agent.records.rows import Header
from agent.records.sealing import Sealing
from agent.records.store import CallStore
from agent.services.storage.appointments import SqlAppointmentBook
from agent.services.storage.ledger import SqlLedger
from agent.services.storage.messages import SqlMessageBox
from tests.fakes.business import FakeHours
from tests.unit.records.calls import BEGAN, moment, rows_of


@dataclass(frozen=True, slots=True)
class Person:
    """A caller by telephone, of whom everything has one word in it."""

    word: str
    number: str

    @property
    def identity(self) -> str:
        """As LiveKit makes it."""
        return f"sip_{self.number}"

    def says(self, *, ends: bool = True) -> Sequence[RecordEvent]:
        """Their call."""
        events = (
            Opened(f"call-_{self.number}_{self.word}"),
            ParticipantJoined(self.identity, self.number),
            TurnHeard("i1", f"My name is {self.word}."),
            ToolEnded("take_message", "done", 0.1, {"name": self.word}, f"Left for {self.word}."),
            TurnSpoken("i2", "frontdesk", f"Goodbye, {self.word}.", f"Goodbye, {self.word}."),
        )
        return (*events, Closed("participant_disconnected")) if ends else events

    def header(self, call_id: str) -> Header:
        """Of a call of theirs."""
        return Header(call_id, f"call-_{self.number}_{self.word}", BEGAN)


async def call(places: Places, person: Person, call_id: str, *, ends: bool = True) -> None:
    """A call of which there are a record, audio, and what a tool has done."""
    rows = rows_of(person.says(ends=ends))
    await CallStore(places.database).append(person.header(call_id), rows, seen_at=moment(9))
    audio = AudioFile(places.audio.path(call_id), Sealing())
    audio.append(b"OggS" + person.word.encode())
    audio.close()
    ledger = SqlLedger(places.database, call_id, clock=lambda: BEGAN)
    await ledger.begin("request")
    await ledger.finish("request", f"Left for {person.word}.")


async def do_business(places: Places, person: Person, call_id: str, at: time) -> None:
    """A message and an appointment."""
    message = Message(call_id, person.word, person.number, f"{person.word} wants a call.")
    await SqlMessageBox(places.database).leave(message, request_key=f"{call_id}:m")
    owner = frozenset({f"call:{call_id}", f"phone:{person.number}"})
    await SqlAppointmentBook(places.database, FakeHours(), length_min=30).book(
        date(2026, 3, 3), at, name=person.word, purpose="x", owner=owner, request_key=None
    )


def found_in(files: Iterable[Path], *words: str) -> set[str]:
    """Those of some words that stand in one of the files."""
    contents = [file.read_bytes() for file in files if file.is_file()]
    return {word for word in words if any(word.encode() in content for content in contents)}
