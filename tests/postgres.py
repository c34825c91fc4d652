"""A PostgreSQL server of the tests' own, from Debian's package, on a free loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.caller.processes import free_port

USER = "parley"
START_LIMIT_S = 30


class PostgresError(AssertionError):
    """A command of the server failed; the message has what it said."""


def postgres_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, which Debian does not put on PATH; None without."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class PostgresServer:
    """A server with an empty folder of its own. As a context manager it is started on entry, and
    ended on exit. It does not run as root, so root starts it as another user.

    Args:
        programs: See `postgres_programs`.
        connections: How many it allows; 100 is what it allows by itself.
    """

    def __init__(self, programs: Path, *, connections: int = 100) -> None:
        self._programs = programs
        self._connections = connections
        self._user = _unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="parley-postgres-"))
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        self.port = free_port()

    def __enter__(self) -> Self:
        auth = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "--pgdata", str(self._data), "--username", USER, *auth)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -N {self._connections}"
        log = str(self._folder / "log")
        self._control("start", "--options", options, "--log", log, "-t", str(START_LIMIT_S))

    def stop(self) -> None:
        """End it, connections included. Harmless when it has ended."""
        if (self._data / "postmaster.pid").exists():
            self._control("stop", "--mode", "immediate")

    def new_database(self) -> str:
        """The URL of a database that is empty."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER)
        self._run("createdb", *address, name)
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def table_files(self) -> Iterator[Path]:
        """The files of all tables and indexes, as the last checkpoint left them."""
        return (self._data / "base").rglob("*")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--wait", "--silent", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # To a file: the server inherits the output, and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                cwd="/",
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode:
            raise PostgresError(f"{program}: {said}")


def _unprivileged_user() -> str | None:
    """Whom the server runs as; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
