"""What of an event is written down."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.call.cards import AppointmentCard
from agent.call.record import ApprovalAnswer, ApprovalRequest, Feedback, RecordEvent, ToolEnded
from agent.call.record_form import apart, together, without_words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CARD = AppointmentCard(action="booked", starts_at=NOON, ends_at=NOON, reference="1234")


def written(event: RecordEvent) -> RecordEvent:
    """As it is read again."""
    plain, personal = apart(event)
    return together(event.kind, {**plain, **personal})


def test_a_card_is_shown_and_not_written() -> None:
    """The record has the tool's words; those may be redacted, and a card could not."""
    ended = ToolEnded("book_appointment", "done", 0.1, {"day": "2026-03-02"}, "Booked.", CARD)
    plain, personal = apart(ended)
    assert "card" not in plain
    assert "card" not in personal
    assert written(ended) == ToolEnded(
        "book_appointment", "done", 0.1, {"day": "2026-03-02"}, "Booked."
    )


def test_what_operators_and_callers_say_of_a_call_is_kept_as_it_was() -> None:
    """Without the words of a caller who has not agreed to that."""
    for event in (
        ApprovalRequest("approval-1", "refund", {"order": "40217"}),
        ApprovalAnswer("approval-1", "refund", True, "olga"),
        Feedback("5", "Quick."),
    ):
        assert written(event) == event
    assert without_words(Feedback("5", "Quick.")) == Feedback("5")
