"""A record for people and for other programs: as text, JSON, CSV and WebVTT."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent.call.record import Charged, ClipHeard, Entry, Lost, TurnHeard, TurnSpoken
from agent.call.record_form import apart, redacted_event
from agent.records.audit import AuditEntry
from agent.records.query import CallRecord, CallSummary, record_as_json

SHORTEST_CUE = timedelta(seconds=1)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
"""What could move a terminal's cursor, or turn the direction of what follows."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With these a spreadsheet takes a cell for a formula."""
_COLUMNS = ("seq", "at", "kind", "speaker", "text", "details")


def list_as_text(calls: Sequence[CallSummary]) -> str:
    """A line for each call."""
    rows = [("id", "began", "for", "state", "caller", "persona", "pipeline", "ended because")]
    for call in calls:
        lasted = (call.ended_at or call.heartbeat_at) - call.started_at
        caller = call.caller_number or call.caller_identity or "-"
        began = call.started_at.strftime("%Y-%m-%d %H:%M:%S")
        rest = (call.persona or "-", call.pipeline or "-", call.close_reason or "-")
        rows.append((call.id, began, clock(lasted.total_seconds()), call.state, caller, *rest))
    return _table(rows)


def as_text(record: CallRecord) -> str:
    """A call for a terminal: the call as a whole, then a line for each entry."""
    lines = [list_as_text([record.call]), ""]
    for entry in record.entries:
        since = clock((entry.at - record.call.started_at).total_seconds())
        lines.append(f"{since:>8}  {plain(_speaker(entry)):<12}  {plain(_in_words(entry))}")
    return "\n".join(lines)


def as_json_text(record: CallRecord) -> str:
    """A call as JSON, in its stable form."""
    return json.dumps(record_as_json(record), indent=2, ensure_ascii=False)


def as_csv(record: CallRecord) -> str:
    """A call as a table, in which no cell is a formula."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for entry in record.entries:
        plain_values, _ = apart(entry.event)
        details = json.dumps(plain_values, ensure_ascii=False)
        cells = (entry.event.kind, _speaker(entry), _in_words(entry), details)
        writer.writerow([entry.seq, entry.at.isoformat(), *(_no_formula(cell) for cell in cells)])
    return table.getvalue()


def as_webvtt(record: CallRecord) -> str:
    """What was said and heard, as captions of a recording that begins with the call."""
    cues = [_cue(entry, record.call.started_at) for entry in _turns(record)]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def plain(text: str) -> str:
    """A text that does nothing to a terminal but show itself, on one line."""
    return _CONTROL.sub(" ", text)


def audit_as_text(entries: Sequence[AuditEntry]) -> str:
    """A line for each thing that somebody did."""
    rows = [("at", "who", "what", "call", "count")]
    for entry in entries:
        at = entry.at.strftime("%Y-%m-%d %H:%M:%S")
        rows.append((at, entry.actor, entry.action, entry.subject or "-", str(entry.count)))
    return _table(rows)


def redacted(record: CallRecord, redact: Callable[[Any], Any]) -> CallRecord:
    """The record without what `redact` takes out of JSON values: what was written before the
    present words and expressions were set is held to them as well.
    """
    entries = (
        replace(entry, event=redacted_event(entry.event, redact)) for entry in record.entries
    )
    return replace(record, entries=tuple(entries))


def clock(lasted_s: float) -> str:
    """How long something lasted, such as 1:05 or 1:00:05."""
    minutes, seconds = divmod(int(max(lasted_s, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    clean = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*clean, strict=True)]
    lines = [zip(row, widths, strict=True) for row in clean]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in line).rstrip() for line in lines
    )


def _turns(record: CallRecord) -> Iterator[Entry]:
    for entry in record.entries:
        event = entry.event
        is_heard = isinstance(event, ClipHeard) or (isinstance(event, TurnHeard) and event.text)
        if is_heard or (isinstance(event, TurnSpoken) and event.heard):
            yield entry


def _cue(entry: Entry, began_at: datetime) -> str:
    event = entry.event
    started_at, ended_at = entry.at, entry.at
    if isinstance(event, TurnHeard | TurnSpoken):
        started_at = event.started_at or event.ended_at or entry.at
        ended_at = event.ended_at or entry.at
    start = max(started_at - began_at, timedelta())
    end = max(ended_at - began_at, start + SHORTEST_CUE)
    text = event.heard if isinstance(event, TurnSpoken) else _in_words(entry)
    voice = _vtt(_speaker(entry)).replace(" ", "_")
    return f"{_vtt_time(start)} --> {_vtt_time(end)}\n<v {voice}>{_vtt(text)}"


def _speaker(entry: Entry) -> str:
    event = entry.event
    if isinstance(event, TurnHeard):
        return "caller"
    if isinstance(event, ClipHeard):
        return "recording"
    return event.persona if isinstance(event, TurnSpoken) else ""


def _in_words(entry: Entry) -> str:
    match entry.event:
        case TurnHeard(text=text):
            return text
        case ClipHeard(words=words):
            return words
        case TurnSpoken(heard=heard, generated=generated, interrupted=True):
            rest = generated.removeprefix(heard).strip()
            return f"{heard} [interrupted; unheard: {rest}]" if rest else f"{heard} [interrupted]"
        case TurnSpoken(heard=heard):
            return heard
        case Lost(last_seen_at=last_seen_at):
            return f"lost: last seen at {last_seen_at:%Y-%m-%d %H:%M:%S}"
        case event:
            values, personal = apart(event)
            if isinstance(event, Charged):
                amounts = event.usage.amounts().items()
                values["usage"] = " ".join(f"{name}={amount}" for name, amount in amounts)
            said = [f"{name}={value}" for name, value in {**values, **personal}.items() if value]
            return f"{event.kind}: {', '.join(said)}"


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _vtt(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return plain(text)


def _vtt_time(since: timedelta) -> str:
    seconds = since.total_seconds()
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{int(hours):02}:{int(minutes):02}:{int(seconds):02}.{int(seconds % 1 * 1000):03}"
