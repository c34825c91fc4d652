"""What was deleted, taken out of the database's files too: a deleted row is only out of sight."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

import aiosqlite
from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

logger = logging.getLogger(__name__)

_PAUSE_S = 0.05


async def scrub_sqlite(file: Path, *, patience_s: float) -> bool:
    """Write the whole file anew and empty the -wal beside it; returns whether that came about. A
    process that stays in a transaction for longer than the patience lasts prevents it. Writers wait
    meanwhile.
    """
    async with aiosqlite.connect(file, isolation_level=None) as connection:
        await connection.execute_fetchall(f"PRAGMA busy_timeout={round(patience_s * 1000)}")
        try:
            # Blanks alone are not enough: pages that were split hold copies of what they gave away.
            await connection.execute_fetchall("VACUUM")
            async with asyncio.timeout(patience_s):
                while not await _is_wal_empty(connection):  # noqa: ASYNC110 - others' doing
                    await asyncio.sleep(_PAUSE_S)
        except (aiosqlite.OperationalError, TimeoutError) as error:
            logger.warning("the database was not scrubbed", extra={"error": type(error).__name__})
            return False
    return True


async def scrub_postgresql(
    engine: AsyncEngine, tables: Iterable[Table], *, patience_s: float
) -> bool:
    """Write tables and their indexes anew, and what the planner knows of their values; returns
    whether that came about: it is for their owner to do. Who uses one of them waits meanwhile. The
    log that the server writes ahead, its copies and backups are out of reach here.
    """
    names = [engine.dialect.identifier_preparer.format_table(table) for table in tables]
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        async with alone.connect() as connection:
            try:
                limit_ms = round(patience_s * 1000)
                await connection.execute(text(f"SET lock_timeout = {limit_ms}"))
                for name in names:
                    # A plain VACUUM leaves the bytes of dead rows in their pages.
                    await connection.execute(text(f"VACUUM (FULL, ANALYZE) {name}"))
            finally:
                await connection.invalidate()  # nobody else is to have its limit
    except DBAPIError as error:
        logger.warning("the database was not scrubbed", extra={"error": type(error.orig).__name__})
        return False
    return True


async def _is_wal_empty(connection: aiosqlite.Connection) -> bool:
    rows = list(await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
    return bool(rows) and rows[0][0] == 0
