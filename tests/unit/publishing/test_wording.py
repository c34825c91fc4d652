"""What of words and values is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.call.cards import AppointmentCard
from agent.call.record import Recovery, ToolBegan, ToolEnded, TurnHeard, TurnSpoken
from agent.publishing.events import ToolFinished, TranscriptFinal
from agent.publishing.room import MOST_BYTES
from agent.publishing.wording import (
    MAX_TEXT_BYTES,
    Wording,
    told_to_others,
    told_without_cost,
    within,
)
from agent.records.redaction import Redaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REDACTING = Wording(
    Redaction().redact_value, lambda tool: frozenset({"name"} if tool == "b" else ())
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=400)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_words_are_told_without_what_is_personal() -> None:
    """Of both sides; what the agent was only going to say is not told."""
    heard = REDACTING.of(TurnHeard("i", "Write to ada@example.com please"))
    assert isinstance(heard, TurnHeard)
    assert heard.text == "Write to [email] please"
    spoken = REDACTING.of(TurnSpoken("i", "p", "I write to ada@example.com", "to ada@example.com"))
    assert isinstance(spoken, TurnSpoken)
    assert (spoken.heard, spoken.generated) == ("to [email]", "")


def test_arguments_are_told_flat_and_without_what_a_tool_declares_private() -> None:
    """Their names are told."""
    given_ = {"name": "Ada", "when": {"day": "2026-03-03"}, "mail": "ada@example.com", "n": 2}
    began = REDACTING.of(ToolBegan("b", given_))
    assert isinstance(began, ToolBegan)
    told = {"name": "(hidden)", "when": '{"day": "2026-03-03"}', "mail": "[email]", "n": 2}
    assert dict(began.arguments) == told
    ended = REDACTING.of(ToolEnded("b", "done", 0.1, given_, "Ada lives there."))
    assert isinstance(ended, ToolEnded)
    assert (dict(ended.arguments), ended.answer) == (told, "")


def test_what_has_no_words_is_told_as_it_is() -> None:
    """Nothing is made anew."""
    note = Recovery("silent", "retry", 1.0)
    assert REDACTING.of(note) is note


@given(ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_JSON, max_size=40))
def test_whatever_was_said_fits_a_packet_of_json(text: str, arguments: dict[str, Any]) -> None:
    """Control characters, halves of characters, nested and endless things included."""
    wording = Wording()
    heard = wording.of(TurnHeard("i", text * 80))
    ended = wording.of(ToolEnded("t", "done", 0.1, arguments))
    assert isinstance(heard, TurnHeard)
    assert isinstance(ended, ToolEnded)
    for event in (
        TranscriptFinal(at=NOON, call_id="c", turn=1, speaker="caller", text=heard.text),
        ToolFinished(
            at=NOON,
            call_id="c",
            run="r",
            tool="t",
            arguments=dict(ended.arguments),
            outcome="done",
            took_s=0.1,
        ),
    ):
        payload = event.model_dump_json().encode()
        assert len(payload) < MOST_BYTES
        assert json.loads(payload)


def test_a_cut_text_says_that_it_is() -> None:
    """It is as long as it may be, whatever a character takes."""
    for character in ("a", "é", "한", "🙂", "\n", '"'):
        cut = within(character * 20_000, MAX_TEXT_BYTES)
        size = len(json.dumps(cut, ensure_ascii=False).encode())
        assert cut.endswith("…")
        assert MAX_TEXT_BYTES - 8 <= size <= MAX_TEXT_BYTES
    assert within("short", MAX_TEXT_BYTES) == "short"


def test_what_an_appointment_is_about_is_for_the_caller_alone() -> None:
    """Others learn that there is one, and when."""
    card = AppointmentCard(
        action="booked", subject="a rash", starts_at=NOON, ends_at=NOON, reference="1234"
    )
    event = ToolFinished(
        at=NOON,
        call_id="c",
        run="r",
        tool="book_appointment",
        arguments={},
        outcome="done",
        took_s=0.1,
        card=card,
    )
    told: Any = told_to_others(event)
    assert (told.card.subject, told.card.reference) == ("", "1234")
    assert event.card == card
    assert told_without_cost(event) is event
