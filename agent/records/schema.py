"""The version of the records' tables: brought up to date, or refused when it is from the future."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from agent.errors import RecordsError
from agent.services.storage.engine import Database, alone_making_tables, table_names

HEAD = "0002"
"""The version that this program writes and reads."""
VERSION_TABLE = "records_version"

_MIGRATIONS = Path(__file__).parent / "migrations"


class Schema:
    """The tables of call records in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._preparing = asyncio.Lock()
        self._ready = False

    async def prepare(self) -> None:
        """See that the tables are there and are ours. Repeating it is free; many processes may do
        it at once.

        Raises:
            RecordsError: they were made by a newer version.
        """
        async with self._preparing:
            if self._ready:
                return
            # Looked at first, so that a call that starts does not wait for another one's write.
            version = await self._database.read_at_once(_version)
            if version != HEAD:
                async with self._database.writing() as connection:
                    await alone_making_tables(connection)
                    await connection.run_sync(_upgrade)
            self._ready = True


def _version(connection: Connection) -> str | None:
    if VERSION_TABLE not in table_names(connection):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _upgrade(connection: Connection) -> None:
    # Imported where it is needed: no job process needs it once a worker has started.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes.update(_attributes(connection))
    version = _version(connection)
    if version is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(version)
        except CommandError as error:
            raise RecordsError(
                f"the call records in this database have version {version}, which is newer than"
                f" this program's, {HEAD}. Start the newer version of Parley, or choose another"
                " database with PARLEY_DATABASE_URL"
            ) from error
    command.upgrade(config, HEAD)


def _attributes(connection: Connection) -> dict[str, Any]:
    return {"connection": connection, "version_table": VERSION_TABLE}
