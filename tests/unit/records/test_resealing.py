"""What is kept sealed, sealed anew."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from agent.call.record import Entry, TurnHeard
from agent.errors import RecordsError
from agent.records.audio_files import AudioFile
from agent.records.audit import AuditLog
from agent.records.places import Places
from agent.records.resealing import TEXTS_AT_ONCE, reseal
from agent.records.rows import Writing
from agent.records.sealing import Sealing, new_key
from agent.records.store import CallStore
from agent.records.tables import call_events
from agent.settings import DatabaseSettings
from tests.unit.records.calls import BEGAN, HEADER, moment

OLD, NEW = new_key(), new_key()
BOTH = Sealing([NEW, OLD])

_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.records.audio_files import AudioFiles
from agent.records.places import Places
from agent.records.resealing import reseal
from agent.records.sealing import Sealing
from agent.records.spool import Spool
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings

url, folder, *keys = sys.argv[1:]

async def fall(done):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    places = Places(
        Database(DatabaseSettings(url=url)), Spool(Path(folder)), AudioFiles(Path(folder))
    )
    await reseal(places, Sealing(keys), actor="cli:root", on_batch=fall)

asyncio.run(main())
"""


async def keep(places: Places, count: int, sealing: Sealing, *, first: int = 1) -> None:
    writing = Writing(seal=sealing.seal)
    rows = [
        writing.row(Entry(seq, moment(seq), TurnHeard("i", f"turn {seq}")))
        for seq in range(first, first + count)
    ]
    await CallStore(places.database).append(HEADER, rows, seen_at=BEGAN)


async def kept(places: Places) -> list[str]:
    async with places.database.reading() as connection:
        return list((await connection.execute(select(call_events.c.personal))).scalars())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_run_that_was_killed_goes_on_where_it_was(
    places: Places, settings: DatabaseSettings, tmp_path: Path
) -> None:
    """Between any two transactions; in the end the new key alone opens all of it."""
    await keep(places, TEXTS_AT_ONCE + 50, Sealing([OLD]))
    url = settings.url.get_secret_value()
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, url, str(tmp_path / "none"), NEW, OLD
    )
    assert await killed.wait() == -signal.SIGKILL
    assert sum(map(Sealing([NEW]).is_current, await kept(places))) == TEXTS_AT_ONCE

    done = await reseal(places, BOTH, actor="cli:root")
    assert (done.texts, done.current, done.shut) == (50, TEXTS_AT_ONCE, [])
    again = await reseal(places, BOTH, actor="cli:root")
    assert (again.texts, again.current) == (0, TEXTS_AT_ONCE + 50)
    record = await CallStore(places.database, unseal=Sealing([NEW]).unseal).call("AJ_one")
    said = [entry.event.text for entry in record.entries if isinstance(entry.event, TurnHeard)]
    assert said == [f"turn {seq}" for seq in range(1, TEXTS_AT_ONCE + 51)]
    actions = [(entry.action, entry.count) for entry in await AuditLog(places.database).entries()]
    assert actions == [("reseal", 0), ("reseal", 50)]


async def test_audio_and_the_spool_are_sealed_anew(places: Places) -> None:
    """And what was kept before there were keys is sealed."""
    for call_id, keys in (("AJ_one", [OLD]), ("AJ_two", [])):
        file = AudioFile(places.audio.path(call_id), Sealing(keys))
        file.append(b"OggS")
        file.close()
    row = Writing().row(Entry(1, moment(1), TurnHeard("i", "Hello.")))
    places.spool.append(HEADER, [row])
    done = await reseal(places, BOTH, actor="cli:root")
    assert (done.texts, done.audio_files) == (1, 2)
    assert all(map(Sealing([NEW]).is_current, await kept(places)))
    for call_id in ("AJ_one", "AJ_two"):
        assert b"".join(places.audio.read(call_id, Sealing([NEW]))) == b"OggS"


async def test_the_old_key_is_needed_while_a_call_is_recorded(places: Places) -> None:
    """Its file is left to who writes it."""
    file = AudioFile(places.audio.path("AJ_one"), Sealing([OLD]))
    file.append(b"OggS")
    done = await reseal(places, BOTH, actor="cli:root")
    assert (done.audio_files, done.going_on) == (0, 1)
    file.close()
    done = await reseal(places, BOTH, actor="cli:root")
    assert (done.audio_files, done.going_on) == (1, 0)


async def test_what_was_deleted_meanwhile_does_not_come_back(places: Places) -> None:
    """Retention and erasure go on while texts are sealed anew."""
    await keep(places, 3, Sealing([OLD]))
    rotate = BOTH.rotate
    loop = asyncio.get_running_loop()

    async def forget() -> None:
        async with places.database.writing() as connection:
            await connection.execute(update(call_events).values(personal=None))

    class Meanwhile(Sealing):
        """Deletes what it is about to seal."""

        def rotate(self, kept: str) -> str:
            asyncio.run_coroutine_threadsafe(forget(), loop).result()
            return rotate(kept)

    await reseal(places, Meanwhile([NEW, OLD]), actor="cli:root")
    assert await kept(places) == [None] * 3


async def test_a_key_that_is_missing_is_told_by_the_call(places: Places) -> None:
    """What it sealed stays as it is, and the rest is sealed anew."""
    await keep(places, 2, Sealing([new_key()]))
    await keep(places, 2, Sealing([OLD]), first=3)
    done = await reseal(places, BOTH, actor="cli:root")
    assert (done.texts, done.shut) == (2, ["AJ_one"])


async def test_without_a_key_nothing_is_unsealed(places: Places) -> None:
    """That would leave words in the open."""
    with pytest.raises(RecordsError, match="PARLEY_RECORDS_KEYS"):
        await reseal(places, Sealing(), actor="cli:root")
