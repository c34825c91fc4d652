"""Runs the migrations on a connection that is handed over, within its transaction."""

from __future__ import annotations

from alembic import context

from agent.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
