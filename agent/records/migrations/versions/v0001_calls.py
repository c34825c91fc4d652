"""Calls and their events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.services.storage.tables import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calls",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("room", sa.String(256), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("heartbeat_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("caller_identity", sa.String(256)),
        sa.Column("caller_number", sa.String(32)),
        sa.Column("persona", sa.String(64)),
        sa.Column("pipeline", sa.String(16)),
        sa.Column("close_reason", sa.String(200)),
        sa.Column("schema", sa.Integer, nullable=False),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("ix_calls_caller_identity", "calls", ["caller_identity"])
    op.create_index("ix_calls_caller_number", "calls", ["caller_number"])
    op.create_index("calls_state", "calls", ["state", "heartbeat_at"])
    op.create_table(
        "call_events",
        sa.Column("call_id", sa.String(256), sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("personal", sa.Text),
    )
