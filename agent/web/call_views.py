"""What of a call an operator gets to see, as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agent.call.record import Entry
from agent.call.record_form import as_json, metadata_as_json
from agent.records.erasing import Erased
from agent.records.query import CallRecord, CallSummary, summary_as_json
from agent.web.operators import Operator

HIDDEN = "•••"
"""In place of who it was, for whom that is not."""

_TELLS_WHO = ("caller_identity", "caller_number", "room")
"""LiveKit makes names of rooms of telephone numbers."""


def summary_view(call: CallSummary, operator: Operator) -> dict[str, Any]:
    """A call as a whole."""
    return _shown_to(operator, summary_as_json(call))


def record_view(
    record: CallRecord, operator: Operator, *, after: int, has_audio: bool
) -> dict[str, Any]:
    """A call with its entries, and the `after` with which to ask for what has come to it since."""
    return {
        **summary_view(record.call, operator),
        "audio": has_audio and operator.may("words"),
        "entries": [_entry_view(entry, operator) for entry in record.entries],
        "after": complete_until((entry.seq for entry in record.entries), after),
    }


def erased_view(erased: Erased) -> dict[str, Any]:
    """What was erased of a caller, in counts."""
    traces = erased.traces
    return {
        "calls": len(traces.calls),
        "messages": len(traces.messages),
        "appointments": len(traces.appointments),
        "audio_files": erased.audio_files,
        # No more of these is recorded; what is booked in them from now on is to be erased again.
        "going_on": list(traces.going_on),
        "is_scrubbed": erased.is_scrubbed,
    }


def complete_until(seqs: Iterable[int], after: int) -> int:
    """The last entry before the first gap. Entries that had to wait in the spool come late, so it
    is not enough to ask for those behind the last one that is there.
    """
    for seq in sorted(seqs):
        if seq > after + 1:
            break
        after = max(after, seq)
    return after


def _entry_view(entry: Entry, operator: Operator) -> dict[str, Any]:
    return as_json(entry) if operator.may("words") else _shown_to(operator, metadata_as_json(entry))


def _shown_to(operator: Operator, values: Mapping[str, Any]) -> dict[str, Any]:
    if operator.may("words"):
        return dict(values)
    return {
        name: HIDDEN if name in _TELLS_WHO and value is not None else value
        for name, value in values.items()
    }
