"""A caller, however they are named."""

from __future__ import annotations

import pytest

from agent.call.record import ParticipantJoined
from agent.records.callers import Caller
from agent.records.rows import Header
from agent.records.store import CallStore
from agent.records.traces import traces_of_caller
from agent.services.storage.engine import Database
from tests.unit.records.calls import BEGAN, rows_of


@pytest.mark.parametrize(
    ("given", "region", "number"),
    [
        ("+49 30 / 123-456", None, "+4930123456"),
        ("+49 (0)30 123456", None, "+4930123456"),
        ("0049 30 123456", None, "+4930123456"),
        ("  sip_+4930123456 ", None, "+4930123456"),
        ("030 123456", "DE", "+4930123456"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("030 123456", None, None),
        ("anna", "DE", None),
        ("web-5f3a9c", "DE", None),
        ("anna+4930123456", None, None),
        ("", "DE", None),
    ],
)
def test_a_number_is_known_in_any_form(given: str, region: str | None, number: str | None) -> None:
    """With its country's code, or without it where the country is known; a name is none."""
    caller = Caller.named(given, region=region)
    assert (caller.number, caller.identity) == (number, given.strip())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("+49 30 123456", ["e164", "identity", "national", "spelled"]),
        ("sip_030123456", ["e164", "identity", "national", "spelled"]),
        ("anna", ["web"]),
        ("Anna", []),
        ("%", []),
        ("+4930123457", []),
        ("30123456", ["e164", "identity", "national", "spelled"]),
    ],
)
async def test_calls_are_found_in_whatever_form_the_number_was_kept(
    store: CallStore, database: Database, given: str, found: list[str]
) -> None:
    """And no call of a number, or of a name, that is only like it."""
    callers = {
        "e164": ParticipantJoined("x", "+4930123456"),
        "identity": ParticipantJoined("sip_+4930123456"),
        "national": ParticipantJoined("sip_030123456"),
        "spelled": ParticipantJoined("y", "+49 30 123 456"),
        "web": ParticipantJoined("anna"),
        "longer": ParticipantJoined("sip_+49301234560", "+49301234560"),
        "other": ParticipantJoined("sip_+4330123456", "+4330123456"),
    }
    for call_id, joined in callers.items():
        await store.append(Header(call_id, "room", BEGAN), rows_of([joined]), seen_at=BEGAN)
    async with database.reading() as connection:
        traces = await traces_of_caller(connection, Caller.named(given, region="DE"))
    assert sorted(traces.calls) == found
