"""What the tests of whole calls share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.caller.driver import Caller
from tests.caller.records import Records
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.fakes.tool_server import ToolServer

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


@pytest.fixture(params=["realtime", "cascade"])
def pipeline(request: pytest.FixtureRequest) -> str:
    """Each pipeline in turn."""
    return str(request.param)


@dataclass(frozen=True, slots=True)
class Business:
    """A worker with tools and personas of its own, and what they leave behind."""

    caller: Caller
    worker: Worker
    tools: ToolServer
    records: Records


@pytest.fixture(scope="session")
def business_worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider
) -> Iterator[Business]:
    """The worker of all tests of tools, handoffs and guardrails; tests take `business`."""
    folder = run_folder / "business"
    folder.mkdir()
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
