"""How long the token endpoint takes while many ask, with the web server on one core.

    python -m scripts.bench.tokens [--rate 200] [--seconds 20] [--goal-ms 20]

The server is `python -m agent.web` in production, held to one core, with all that stands before a
token: signed links of as many users as there are links, rates by address and by user behind a
trusted proxy, the day's and the tenant's budget, and the workers' room, out of a SQLite file. The
requests come from another core at fixed moments, whether or not the ones before were answered, over
connections that stay open. Each is measured from the moment at which it was due, so that what waits
behind a slow one counts as slow. The first seconds warm up and do not count.

The exit status is 1 when the p99 misses the goal, or a request was not answered with a token.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from agent.call.duty import Duty
from agent.services.storage.engine import Database
from agent.services.storage.workers import SqlDutyRoster
from agent.settings import DatabaseSettings
from agent.web.admission import Admitted
from agent.web.admission.link import make_link_value
from scripts.bench.results import PARLEY, Results, Sample, percentile, reported
from tests.caller.processes import Child, free_port

MEASURE = "due to answered"
KEY = "a-key-of-links-made-for-this-bench-alone"
USERS = 500
CONNECTIONS = 32
WARM_UP_S = 3.0
START_LIMIT_S = 30.0
ANSWER_LIMIT_S = 10.0
TELL_S = 3.0
METADATA = json.dumps({"persona": "frontdesk", "language": "en"})
BODY = json.dumps(
    {"participant_name": "Ada", "room_config": {"agents": [{"metadata": METADATA}]}}
).encode()


@dataclass(slots=True)
class Load:
    """Who asks, and what became of it."""

    port: int
    results: Results
    passes: list[str]
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(
        default_factory=asyncio.Queue
    )

    async def connect(self) -> None:
        for _ in range(CONNECTIONS):
            self.idle.put_nowait(await asyncio.open_connection("127.0.0.1", self.port))

    async def ask(self, due_s: float, *, counts: bool) -> None:
        connection = await self.idle.get()
        reader, writer = connection
        writer.write(self._request())
        async with asyncio.timeout(ANSWER_LIMIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.lower().splitlines()
                if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
        took_s = asyncio.get_running_loop().time() - due_s
        self.idle.put_nowait(connection)
        if not head.startswith(b"HTTP/1.1 201"):
            self.results.fail(head.splitlines()[0].decode())
        elif counts:
            self.results.samples.append(Sample(MEASURE, PARLEY, took_s))

    def _request(self) -> bytes:
        address = f"198.51.{random.randrange(100)}.{random.randrange(250)}"
        lines = (
            "POST /api/token HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Content-Type: application/json",
            f"X-Forwarded-For: {address}",
            f"Authorization: Bearer {random.choice(self.passes)}",
            f"Content-Length: {len(BODY)}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + BODY


def main() -> int:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="The token endpoint under load.")
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--goal-ms", type=float, default=20, help="for the p99")
    parser.add_argument("--core", type=int, default=0, help="the server's")
    options = parser.parse_args()
    results = Results("tokens", {**vars(options), "users": USERS, "connections": CONNECTIONS})
    with reported(results), tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), options, results))
    seconds = results.seconds(MEASURE, PARLEY)
    p99_ms = percentile(seconds, 99) * 1000 if seconds else float("inf")
    used = results.settings.get("server_core_used", 0.0)
    print(f"p99 {p99_ms:.1f} ms at {options.rate:.0f}/s; the server used {used:.0%} of its core")
    return int(p99_ms > options.goal_ms or bool(results.failures))


async def measure(folder: Path, options: argparse.Namespace, results: Results) -> None:
    """Ask at the rate, for as long as was asked for."""
    _leave_core(options.core)
    database_url = f"sqlite:///{folder}/parley.sqlite3"
    port = free_port()
    async with on_duty(database_url):
        with _server(folder, options.core, port, database_url) as server:
            await asyncio.to_thread(server.wait_for_port, port, START_LIMIT_S)
            load = Load(port, results, [_pass(f"user-{number}") for number in range(USERS)])
            await load.connect()
            before_s = _cpu_s(server)
            await _at_rate(load, options.rate, options.seconds)
            used_s = _cpu_s(server) - before_s
            results.settings["server_core_used"] = used_s / (options.seconds + WARM_UP_S)
    if seconds := results.seconds(MEASURE, PARLEY):
        results.settings["p99_ms"] = round(percentile(seconds, 99) * 1000, 2)


async def _at_rate(load: Load, rate: float, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.TaskGroup() as asking:
        for number in range(int((WARM_UP_S + seconds) * rate)):
            due_s = began_s + number / rate
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            asking.create_task(load.ask(due_s, counts=due_s - began_s >= WARM_UP_S))


@asynccontextmanager
async def on_duty(database_url: str) -> AsyncIterator[None]:
    """A worker with room for everybody, as the database knows it."""
    database = Database(DatabaseSettings.model_validate({"PARLEY_DATABASE_URL": database_url}))
    roster = SqlDutyRoster(database, "parley")

    async def tell() -> None:
        while True:
            await roster.tell(Duty(calls=0, calls_at_once=1_000_000, takes_calls=True))
            await asyncio.sleep(TELL_S)

    await roster.tell(Duty(calls=0, calls_at_once=1_000_000, takes_calls=True))
    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await database.aclose()


def _server(folder: Path, core: int, port: int, database_url: str) -> Child:
    argv = [sys.executable, "-m", "agent.web", "--port", str(port)]
    if taskset := shutil.which("taskset"):
        argv = [taskset, "--cpu-list", str(core), *argv]
    env = {
        "LIVEKIT_URL": "ws://127.0.0.1:9",
        "LIVEKIT_API_KEY": "bench",
        "LIVEKIT_API_SECRET": "a-livekit-secret-made-for-this-bench",
        "PARLEY_ENV": "production",
        "PARLEY_ADMISSION": "link",
        "PARLEY_LINK_KEYS": KEY,
        "PARLEY_RATE_ADDRESS": "1000/minute, 100000/hour",
        "PARLEY_RATE_USER": "1000/minute, 100000/hour",
        "PARLEY_TRUSTED_PROXIES": "127.0.0.1",
        "PARLEY_BUDGET_DAY_USD": "100",
        "PARLEY_BUDGET_TENANT_USD": "50",
        "PARLEY_DATABASE_URL": database_url,
    }
    return Child("web", argv, folder=folder, env=env)


def _leave_core(core: int) -> None:
    """Let who asks not take the server's time."""
    if hasattr(os, "sched_setaffinity") and (others := os.sched_getaffinity(0) - {core}):
        os.sched_setaffinity(0, others)


def _pass(user: str) -> str:
    return make_link_value(Admitted(user, "acme"), KEY, lasts=timedelta(hours=1))


def _cpu_s(server: Child) -> float:
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
