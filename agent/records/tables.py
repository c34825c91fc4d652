"""The tables of call records. How they come about, version by version, is in `migrations/`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from agent.services.storage.tables import UtcDateTime

metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("id", String(256), primary_key=True),
    Column("room", String(256), nullable=False),
    Column("state", String(8), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("caller_identity", String(256), index=True),
    Column("caller_number", String(32), index=True),
    Column("persona", String(64)),
    Column("pipeline", String(16)),
    Column("close_reason", String(200)),
    Column("schema", Integer, nullable=False),
)
Index("calls_state", calls.c.state, calls.c.heartbeat_at)

call_events = Table(
    "call_events",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("personal", Text),
)
"""`content` is JSON. So is `personal`, redacted and sealed; None for none, or for deleted."""

_has_personal = call_events.c.personal.is_not(None)
Index(
    "call_events_personal",
    call_events.c.at,
    sqlite_where=_has_personal,
    postgresql_where=_has_personal,
)

erased_calls = Table(
    "erased_calls",
    metadata,
    Column("id", String(256), primary_key=True),
    Column("erased_at", UtcDateTime, nullable=False),
)
"""Of which nothing is kept any more, whatever still comes in from a spool or a running job."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", String(256), nullable=False),
    Column("action", String(256), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("count", Integer, nullable=False),
)
