"""Records a call in a process that may write no large files, then lets it write again."""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
from pathlib import Path

from agent.call.record import TurnHeard
from agent.records.recorder import Patience, Recorder
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.unit.records.calls import HEADER

LIMIT_BYTES = 200_000
PATIENCE = Patience(gather_s=0.01, heartbeat_s=0.05, store_s=0.5, give_up_s=5, pause_s=0.05)


async def main(folder: Path) -> None:
    database = Database(DatabaseSettings(url=f"sqlite:///{folder}/parley.sqlite3"))
    store = CallStore(database)
    await store.prepare()
    spool = Spool(folder / "spool")
    recorder = Recorder(HEADER, store, spool, patience=PATIENCE)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    longest_s = 0.0
    loop = asyncio.get_running_loop()
    for n in range(200):
        recorder.note(TurnHeard(f"i{n}", "word " * 2_000))
        before_s = loop.time()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, loop.time() - before_s)
    await asyncio.sleep(0.5)  # tries in vain, several of them
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await recorder.aclose()
    record = await store.call(HEADER.call_id)
    await database.aclose()
    items = [entry.event.item_id for entry in record.entries if isinstance(entry.event, TurnHeard)]
    assert items == [f"i{n}" for n in range(200)]
    assert spool.waiting() == []
    print("ticks", "ok" if longest_s < 2.0 else longest_s, "events", len(items))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main(Path(sys.argv[1])))
