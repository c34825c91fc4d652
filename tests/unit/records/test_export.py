"""A record for people and for other programs."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest

from agent.call.cost import Usage
from agent.call.record import Charged, Entry, Lost, Opened, ParticipantJoined, TurnHeard, TurnSpoken
from agent.records.export import as_csv, as_json_text, as_text, as_webvtt, list_as_text
from agent.records.query import CallRecord, CallSummary
from tests.unit.records.calls import BEGAN, SHORT_CALL, moment


def record(*events: object) -> CallRecord:
    """A call with these events, a second apart."""
    call = CallSummary(
        id="AJ_one",
        room="room-1",
        state="closed",
        started_at=BEGAN,
        heartbeat_at=moment(9),
        ended_at=moment(75),
        caller_identity="anna",
        caller_number="+4930123456",
        persona="frontdesk",
        pipeline="cascade",
        close_reason="participant_disconnected",
        schema=1,
    )
    entries = (Entry(seq, moment(seq), event) for seq, event in enumerate(events, 1))  # type: ignore[arg-type]
    return CallRecord(call, tuple(entries))


def test_json_has_all_of_it() -> None:
    """In names and forms that stay."""
    exported = json.loads(as_json_text(record(*SHORT_CALL)))
    assert (exported["id"], exported["schema"]) == ("AJ_one", 1)
    assert exported["ended_at"] == "2026-03-02T12:01:15+00:00"
    assert [entry["kind"] for entry in exported["entries"]] == [event.kind for event in SHORT_CALL]
    assert exported["entries"][4]["generated"] == "Hello, how can I help?"
    assert exported["entries"][4]["heard"] == "Hello, how can"
    assert exported["entries"][6]["arguments"] == {"order_number": "40217"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    """Whatever a caller says, a spreadsheet shows it."""
    said = f"{start}HYPERLINK(1)"
    rows = list(csv.reader(io.StringIO(as_csv(record(TurnHeard("i", said))))))
    assert rows[0] == ["seq", "at", "kind", "speaker", "text", "details"]
    assert rows[1][4] == f"'{said}"


def test_commas_quotes_and_lines_stay_in_their_cell() -> None:
    """As they were said."""
    said = 'Well, "this"\nand that'
    rows = list(csv.reader(io.StringIO(as_csv(record(TurnHeard("i", said), Opened("r"))))))
    assert [row[4] for row in rows[1:]] == [said, "opened: room=r"]


def test_captions_have_times_and_voices() -> None:
    """What was heard and not what was generated; a sign of the format's own is a sign."""
    hostile = TurnHeard("i", "a --> b <b>&</b>\n\n00:00", moment(1.5), moment(3.25))
    spoken = TurnSpoken("j", "front desk", "Hello and goodbye", "Hello", interrupted=True)
    assert as_webvtt(record(hostile, spoken, Opened("r"))) == (
        "WEBVTT\n\n"
        "00:00:01.500 --> 00:00:03.250\n<v caller>a --&gt; b &lt;b&gt;&amp;&lt;/b&gt; 00:00\n\n"
        "00:00:02.000 --> 00:00:03.000\n<v front_desk>Hello\n"
    )


def test_a_terminal_shows_what_was_said_and_does_nothing_else() -> None:
    """Who said it, when, and how much of it was heard; no control sign passes."""
    hostile = TurnHeard("i", "\x1b[2Jhello\x07 \u202ethere")
    text = as_text(record(*SHORT_CALL, hostile, Lost(moment(5))))
    assert "[interrupted; unheard: I help?]" in text
    assert "0:05  frontdesk" in text
    assert "lost: last seen at 2026-03-02 12:00:05" in text
    assert not any(sign in text for sign in "\x1b\x07\u202e")
    assert " [2Jhello   there" in text


def test_what_was_used_is_shown_without_what_was_not() -> None:
    """A model's amounts of many kinds are mostly nothing."""
    charged = Charged("gpt", Decimal("0.002"), Decimal("0.01"), "v1", usage=Usage(output_tokens=7))
    shown = as_text(record(charged)).splitlines()[-1]
    assert "charged: model=gpt, usd=0.002, total_usd=0.01" in shown
    assert "usage=output_tokens=7" in shown
    assert "input_tokens" not in shown


def test_the_list_has_a_line_for_each_call() -> None:
    """And a head, alone where there are none."""
    lines = list_as_text([record().call]).splitlines()
    assert lines[0].split()[:3] == ["id", "began", "for"]
    assert "1:15  closed  +4930123456  frontdesk  cascade   participant_disconnected" in lines[1]
    assert len(list_as_text([]).splitlines()) == 1


def test_a_participant_is_shown_by_number() -> None:
    """In the text, as it was told."""
    assert "phone_number=+49301" in as_text(record(ParticipantJoined("anna", "+49301")))
