"""Who did what with records."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from agent.records.audit import WORKER, AuditLog
from agent.records.schema import VERSION_TABLE, Schema
from agent.records.store import CallStore
from agent.records.tables import metadata
from agent.services.storage.engine import Database
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of


async def test_what_was_done_is_told_the_latest_first(database: Database) -> None:
    """As much of it as was asked for."""
    now = moment(0)
    log = AuditLog(database, clock=lambda: now)
    for n in range(5):
        now = moment(n)
        await log.note(WORKER, "expire", count=n)
    await log.note("api:anna", "show", "AJ_one", 1)
    assert [entry.count for entry in await log.entries(limit=3)] == [1, 4, 3]
    assert [entry.count for entry in await log.entries(since=moment(3))] == [1, 4, 3]
    assert (await log.entries(limit=1))[0].at == moment(4)


async def test_a_name_of_any_length_fits(database: Database) -> None:
    """It is cut, as a call's id is; a reader is not turned away for it."""
    await AuditLog(database).note("api:" + "ü" * 400, "show", "x" * 400)
    (entry,) = await AuditLog(database).entries()
    assert (len(entry.actor), len(entry.subject)) == (256, 256)


async def test_the_tables_are_those_that_the_versions_make(
    database: Database, store: CallStore
) -> None:
    """Nothing is missing that the program expects."""
    await store.prepare()
    async with database.reading() as connection:
        assert await connection.run_sync(_differences) == []


async def test_records_of_the_first_version_are_brought_up_to_date(
    database: Database, other_database: Database
) -> None:
    """With all that is in them."""
    store = CallStore(database)
    await store.append(HEADER, rows_of(SHORT_CALL), seen_at=moment(9))
    async with database.writing() as connection:
        for statement in ("TABLE audit_log", "TABLE erased_calls", "INDEX call_events_personal"):
            await connection.execute(text(f"DROP {statement}"))
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    await Schema(other_database).prepare()
    await AuditLog(other_database).note(WORKER, "expire")
    assert len((await CallStore(other_database).call("AJ_one")).entries) == len(SHORT_CALL)


def _differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"include_name": is_ours, "version_table": VERSION_TABLE}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))
