"""A call to write down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.call.record import (
    Closed,
    Entry,
    Opened,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    RecordEvent,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.rows import Header, Row, Writing

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HEADER = Header("AJ_one", "room-1", BEGAN)
SHORT_CALL: tuple[RecordEvent, ...] = (
    Opened("room-1"),
    PipelineInForce("cascade", "en"),
    PersonaInForce("frontdesk"),
    ParticipantJoined("anna", "+4930123456"),
    TurnSpoken("i1", "frontdesk", "Hello, how can I help?", "Hello, how can", interrupted=True),
    TurnHeard("i2", "Where is my order, please?", at_s := BEGAN + timedelta(seconds=2), at_s),
    ToolEnded("find_order", "done", 0.2, {"order_number": "40217"}, "It is on its way."),
    TurnSpoken("i3", "frontdesk", "It is on its way.", "It is on its way."),
    Closed("participant_disconnected"),
)


def rows_of(events: Sequence[RecordEvent], *, first: int = 1) -> list[Row]:
    """Rows, a second apart."""
    return [
        Writing().row(Entry(seq, moment(seq), event)) for seq, event in enumerate(events, first)
    ]


def moment(seconds: float) -> datetime:
    """So long after the call began."""
    return BEGAN + timedelta(seconds=seconds)
