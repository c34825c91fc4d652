"""An entry of a record as it is written: redacted, sealed, and in the form of a table's row or of a
line in a file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.call.record import SCHEMA, Entry, RecordEvent, Unreadable
from agent.call.record_form import apart, changes, together
from agent.errors import SealingError

logger = logging.getLogger(__name__)

Turned = Callable[[str], str]
"""Makes another text of a text."""


def as_it_is(text: str) -> str:
    """The same text."""
    return text


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a call before anything happens in it."""

    call_id: str
    room: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, ready to be written; see `tables.call_events`."""

    seq: int
    at: datetime
    kind: str
    content: str
    personal: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    """What it says of the call as a whole, by column."""


class Writing:
    """Makes rows of entries, the one place where what was said is redacted and sealed.

    Args:
        redact: Takes out of JSON values what must not be kept, such as Redaction.redact_value.
        seal: Makes of a text what is kept of it.
    """

    def __init__(self, *, redact: Callable[[Any], Any] = as_it_is, seal: Turned = as_it_is) -> None:
        self._redact = redact
        self._seal = seal

    def row(self, entry: Entry) -> Row:
        """An entry as a row. One that cannot be written is told so in its place; none is lost."""
        try:
            return self._row(entry)
        except Exception:  # one event must not take the others with it
            logger.exception("an event could not be written", extra={"kind": entry.event.kind})
            return _unwritable(entry)

    def _row(self, entry: Entry) -> Row:
        plain, personal = apart(entry.event, self._redact)
        sealed = self._seal(json.dumps(personal)) if personal else None
        kind, at = entry.event.kind, entry.at
        return Row(entry.seq, at, kind, json.dumps(plain), sealed, changes(entry.event))


def _unwritable(entry: Entry) -> Row:
    # By none of what may just have failed.
    plain, _ = apart(Unreadable(entry.event.kind))
    return Row(entry.seq, entry.at, Unreadable.kind, json.dumps(plain))


def read_row(row: Row, unseal: Turned = as_it_is) -> Entry:
    """The entry that a row was made of. What was personal may have been deleted, or be sealed with
    a key that is gone.
    """
    content: dict[str, Any] = json.loads(row.content)
    if row.personal is not None:
        try:
            content |= json.loads(unseal(row.personal))
        except (ValueError, SealingError):
            logger.warning("what was said cannot be unsealed", extra={"seq": row.seq})
    event: RecordEvent = together(row.kind, content)
    return Entry(row.seq, row.at, event)


def as_line(header: Header, row: Row) -> bytes:
    """A row with its call's header, as one line."""
    values = {
        "schema": SCHEMA,
        "call": [header.call_id, header.room, header.started_at.isoformat()],
        "row": [row.seq, row.at.isoformat(), row.kind, row.content, row.personal],
        "changes": dict(row.changes),
    }
    return json.dumps(values).encode() + b"\n"


def of_line(line: bytes) -> tuple[Header, Row]:
    """What `as_line` wrote.

    Raises:
        ValueError: the line is torn, or was never one.
    """
    if not line.endswith(b"\n"):
        raise ValueError("the line has no end")
    try:
        values = json.loads(line)
        call_id, room, started_at = values["call"]
        seq, at, kind, content, personal = values["row"]
        header = Header(call_id, room, datetime.fromisoformat(started_at))
        row = Row(seq, datetime.fromisoformat(at), kind, content, personal, values["changes"])
    except (KeyError, TypeError) as error:
        raise ValueError("the line is no row") from error
    return header, row
