"""The audit log, the calls that were erased, and the way to words that are too old."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.services.storage.tables import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables and the index."""
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("action", sa.String(256), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_table(
        "erased_calls",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("erased_at", UtcDateTime, nullable=False),
    )
    personal = sa.text("personal IS NOT NULL")
    op.create_index(
        "call_events_personal",
        "call_events",
        ["at"],
        sqlite_where=personal,
        postgresql_where=personal,
    )
