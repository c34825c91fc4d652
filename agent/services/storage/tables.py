"""The tables. Times are kept as UTC, and come back aware on every database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept as UTC: SQLite has no time zones and would drop them."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into UTC; a time without a zone is a mistake of ours."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


appointments = Table(
    "appointments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reference", String(12), nullable=False, unique=True),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("name", String(200), nullable=False),
    Column("purpose", String(500), nullable=False),
    Column("request_key", String(512), unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("cancelled_at", UtcDateTime),
)
_kept = appointments.c.cancelled_at.is_(None)
Index(
    "appointments_slot",
    appointments.c.starts_at,
    unique=True,
    sqlite_where=_kept,
    postgresql_where=_kept,
)

appointment_owners = Table(
    "appointment_owners",
    metadata,
    Column("appointment_id", ForeignKey("appointments.id"), primary_key=True),
    Column("owner", String(320), primary_key=True, index=True),
)

orders = Table(
    "orders",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("customer", String(128), nullable=False, index=True),
    Column("postcode", String(16), nullable=False),
    Column("status", String(200), nullable=False),
    Column("due_on", Date),
    Column("items", String(500), nullable=False),
)

wrong_guesses = Table(
    "wrong_guesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("order_number", String(32), nullable=False, index=True),
    Column("guessed_at", UtcDateTime, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(256), nullable=False),
    Column("name", String(200), nullable=False),
    Column("phone_number", String(16)),
    Column("text", Text, nullable=False),
    Column("request_key", String(512), unique=True),
    Column("left_at", UtcDateTime, nullable=False),
)

spending = Table(
    "spending",
    metadata,
    Column("day", Date, primary_key=True),
    Column("tenant", String(64), primary_key=True),
    Column("micro_usd", BigInteger, nullable=False),
)

ledger = Table(
    "tool_ledger",
    metadata,
    Column("call_id", String(256), primary_key=True),
    Column("request", String(256), primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("result", Text),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("agent_name", String(64), nullable=False, index=True),
    Column("calls", Integer, nullable=False),
    Column("calls_at_once", Integer, nullable=False),
    Column("takes_calls", Boolean, nullable=False),
    Column("seen_s", Float, nullable=False),
)
"""Workers that run, as they tell of themselves; `seen_s` is when, on the clock of the database."""
