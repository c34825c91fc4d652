"""What the tests of whole calls share."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from tests.caller.driver import Caller
from tests.caller.processes import free_port
from tests.caller.records import Records
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.fakes.tool_server import ToolServer
from tests.integration.realtime_link.cable import Cable

_Talked = TypeVar("_Talked")

PIPELINES = ("realtime", "cascade")
PERSONAS = {
    "tester": """
greeting = "Hello, this is the test desk."
tools = [
  "weather", "long_search", "broken_scale", "stuck_door", "whole_book", "count_sheep", "open_gate",
]
""",
    "gullible": """
greeting = "Hello, this is the news desk."
tools = ["latest_news", "open_vault", "verify_caller", "find_order"]
""",
}
PROMPT = "You answer callers in one short sentence.\n"


async def in_each_pipeline(talk: Callable[[str], Awaitable[_Talked]]) -> list[_Talked]:
    """Have the same talk in both pipelines at once: for calls that mostly wait, and for a provider
    with one script for both.
    """
    return await asyncio.gather(*(talk(pipeline) for pipeline in PIPELINES))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take `pipeline` get each in turn; those marked `mostly_in` only the one named,
    unless `--each-pipeline` is given.
    """
    if "pipeline" not in metafunc.fixturenames:
        return
    mostly = metafunc.definition.get_closest_marker("mostly_in")
    in_one = mostly is not None and not metafunc.config.getoption("--each-pipeline")
    metafunc.parametrize("pipeline", mostly.args if mostly and in_one else PIPELINES)


@dataclass(frozen=True, slots=True)
class Line:
    """A caller of a worker, the cable from that worker to its provider, and what it leaves."""

    caller: Caller
    cable: Cable
    records: Records


@dataclass(frozen=True, slots=True)
class CabledWorker:
    """A worker, and where it expects its provider."""

    worker: Worker
    port: int
    records: Records


@pytest.fixture(scope="session")
def cabled_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider, brief: Path
) -> Iterator[CabledWorker]:
    """The worker of all tests whose way to the provider breaks; tests take `line`."""
    port, name = free_port(), "cabled-worker"
    env = {
        **livekit_server.env,
        **sandbox_process.env,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "LIVEKIT_AGENT_NAME": "on-a-cable",
        "PARLEY_OPENING_HOURS": "mon-sun 09:00-18:00",
        "PARLEY_PERSONAS_DIR": str(brief),
        # Tests wait for the end of their calls, so that the next one lays its cable for itself.
        "PARLEY_REJOIN_GRACE_S": "2",
    }
    with Worker(run_folder, env, name=name) as worker:
        worker.wait_until_registered()
        yield CabledWorker(worker, port, Records(run_folder / f"{name}.sqlite3"))


@pytest.fixture
async def line(
    livekit_server: LiveKitServer, provider: SandboxProvider, cabled_worker: CabledWorker
) -> AsyncIterator[Line]:
    """A new cable between worker and provider, and no records."""
    worker, records = cabled_worker.worker, cabled_worker.records
    records.clear()
    async with Cable(provider.port, port=cabled_worker.port) as cable:
        yield Line(Caller(livekit_server.url, [worker, provider], "on-a-cable"), cable, records)
        await asyncio.to_thread(worker.wait_until_idle)


@dataclass(frozen=True, slots=True)
class Business:
    """A worker with tools and personas of its own, and what they leave behind."""

    caller: Caller
    worker: Worker
    tools: ToolServer
    records: Records


@pytest.fixture(scope="session")
def business_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider, brief: Path
) -> Iterator[Business]:
    """The worker of all tests of tools, handoffs and guardrails; tests take `business`."""
    folder = run_folder / "business"
    shutil.copytree(brief, folder)
    for name, toml in PERSONAS.items():
        (folder / f"{name}.toml").write_text(toml)
        (folder / f"{name}.md").write_text(PROMPT)
    with ToolServer() as tools:
        (folder / "own_tools.txt").write_text(tools.tools)
        env = {
            **livekit_server.env,
            **sandbox_process.env,
            "LIVEKIT_AGENT_NAME": "business",
            "PARLEY_PERSONAS_DIR": str(folder),
            "PARLEY_TOOLS_FILE": str(folder / "own_tools.txt"),
            "PARLEY_DATABASE_URL": f"sqlite:///{folder / 'records.sqlite3'}",
            "PARLEY_OPENING_HOURS": "mon-sun 09:00-18:00",
        }
        with Worker(run_folder, env, name="business-worker") as worker:
            worker.wait_until_registered()
            caller = Caller(
                livekit_server.url, logs=[worker, sandbox_process], agent_name="business"
            )
            yield Business(caller, worker, tools, Records(folder / "records.sqlite3"))


@pytest.fixture
def business(business_worker: Business, provider: SandboxProvider) -> Business:
    """The worker with no records but its orders."""
    business_worker.records.clear()
    business_worker.tools.asked.clear()
    return business_worker
