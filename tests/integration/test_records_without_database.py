"""A call whose PostgreSQL goes away and comes back, and whose disk is full meanwhile."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.records.spool import Spool
from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_PRICE, HEAR_HOURS, HEAR_PRICE
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.recorded import Recorded, has_heard, is_closed, is_whole, turns_heard
from tests.postgres import PostgresServer, postgres_programs

AGENT = "far-from-its-database"
DISK_KB = 256
TURNS_TO_A_PAGE = 2
"""A full disk has room left in a file's last page, 4 KB at most; a turn takes nearly 3."""
ON_A_SMALL_DISK = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    f'mount -t tmpfs -o size={DISK_KB}k none "$0" && exec "$@"',
)
"""Runs a program with a small disk of its own in the folder that follows."""


@dataclass(frozen=True, slots=True)
class Far:
    """A worker with a server that can be stopped, and a disk that can be filled."""

    recorded: Recorded
    server: PostgresServer
    disk: Path
    """As it is seen from here."""

    def fill_disk(self) -> None:
        """Leave no room on it."""
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            try:
                for _ in range(DISK_KB + 1):
                    filler.write(bytes(1024))
            except OSError as error:
                assert error.errno == errno.ENOSPC
                return
        raise AssertionError("the disk is larger than it should be")

    def empty_disk(self) -> None:
        """Leave room again."""
        (self.disk / "filler").unlink()


@pytest.fixture
def far(
    run_folder: Path, livekit_server: LiveKitServer, provider: SandboxProvider
) -> Iterator[Far]:
    """The worker, registered; its server runs."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    mount = run_folder / "small-disk"
    mount.mkdir()
    argv = (*ON_A_SMALL_DISK, str(mount))
    if subprocess.run([*argv, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    with PostgresServer(programs) as server:
        env = {
            **livekit_server.env,
            **provider.env,
            "LIVEKIT_AGENT_NAME": AGENT,
            "PARLEY_DATABASE_URL": (url := server.new_database()),
            "PARLEY_SPOOL_DIR": str(mount / "spool"),
            "PARLEY_RECORDS_LOST_AFTER_S": "10",
        }
        argv = (*argv, sys.executable, "agent.py", "start")
        with Worker(run_folder, env, name="far-worker", argv=argv) as worker:
            worker.wait_until_registered()
            disk = Path(f"/proc/{worker.pid}/root", *mount.parts[1:])
            caller = Caller(livekit_server.url, logs=[worker, provider], agent_name=AGENT)
            yield Far(Recorded(caller, worker, url, Spool(disk / "spool")), server, disk)


@pytest.mark.timeout(180)  # a worker and a database are started, the latter three times
async def test_a_call_does_not_feel_that_the_database_is_away_and_the_disk_full(
    far: Far, provider: SandboxProvider
) -> None:
    """The database is down at its start, the disk full then too; both are back while it goes on;
    and down again at its end. Nothing is lost, and nothing there twice.
    """
    provider.play(replies=ANSWERS)
    recorded = far.recorded
    await asyncio.to_thread(far.server.stop)
    async with recorded.caller.call({"pipeline": "cascade"}) as call:
        await call.greeting()
        assert recorded.spool.waiting()
        far.fill_disk()
        for _ in range(TURNS_TO_A_PAGE):
            await call.say(ASK_HOURS)
            assert HEAR_HOURS in (await call.reply()).words
        await asyncio.to_thread(recorded.worker.wait_for_line, "kept in memory only")
        await asyncio.to_thread(far.server.start)
        record = await recorded.record(call, has_heard(ASK_HOURS))
        assert record.call.state == "open"
        far.empty_disk()
        await asyncio.to_thread(far.server.stop)
        await call.say(ASK_PRICE)
        assert HEAR_PRICE in (await call.reply()).words
        await call.hang_up()
        await asyncio.to_thread(recorded.worker.wait_until_idle, 60.0)
    assert recorded.spool.waiting()
    await asyncio.to_thread(far.server.start)
    record = await recorded.record(call, is_closed)
    assert is_whole(call, record)
    assert turns_heard(record) == [*[ASK_HOURS] * TURNS_TO_A_PAGE, ASK_PRICE]
    assert not recorded.spool.waiting()
