"""MCP servers as tools: real ones, started as programs."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.call.tool import Tool
from agent.errors import ProviderError, ToolError
from agent.services.tool_file import OwnTools, ToolFile
from agent.services.tool_file.http_tools import MOST_CHARS
from tests.fakes.business import business_call

CERTIFICATES = ssl.create_default_context()
COMMAND = [sys.executable, "-m", "tests.fakes.mcp_server"]
START_S = 20.0
"""For a machine that does other things too."""


@asynccontextmanager
async def opened(
    *names: str, hosts: tuple[str, ...] = (), tools: dict[str, Any] | None = None, **fields: Any
) -> AsyncIterator[dict[str, Tool | None]]:
    """The tools of these names, of a server with these fields."""
    server = {
        "name": "contacts",
        "start_timeout_s": START_S,
        "tools": tools or {name: {} for name in names},
        **fields,
    }
    own = OwnTools(ToolFile.model_validate({"allow_hosts": hosts, "mcp": [server]}), CERTIFICATES)
    try:
        yield dict(await own.open(names))
    finally:
        await own.aclose()


async def run(tool: Tool | None, **arguments: Any) -> str:
    """What it says."""
    assert tool is not None
    return await tool.run(business_call(), arguments)


async def test_a_server_is_started_and_its_tool_asked() -> None:
    """With its own description and schema, under the operator's policy."""
    tools = {"find_contact": {"access": "staff"}}
    async with opened("find_contact", tools=tools, command=COMMAND) as found:
        tool = found["find_contact"]
        assert tool is not None
        assert tool.description.startswith("Find somebody's telephone number.")
        assert tool.parameters["required"] == ["name"]
        assert tool.policy.access == "staff"
        assert tool.policy.outside
        assert await run(tool, name="Anna") == "Anna: 0 30 1 2 3"


async def test_a_fault_that_the_server_tells_is_data() -> None:
    """It comes as an answer, which is marked as such, and not as an error, which a model obeys."""
    async with opened("find_contact", command=COMMAND) as found:
        said = await run(found["find_contact"], name="Nobody")
    assert said.startswith("It did not work: ")


async def test_only_what_the_operator_lists_is_offered() -> None:
    """What else the server has is not there; what it lacks is left out."""
    async with opened("essay", "no_such_tool", command=COMMAND) as found:
        assert found.keys() == {"essay", "no_such_tool"}
        assert found["no_such_tool"] is None
        assert len(await run(found["essay"])) == MOST_CHARS


async def test_a_server_sees_no_more_of_the_environment_than_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The keys of the providers are none of its business."""
    monkeypatch.setenv("PARLEY_TEST_UNTOLD", "a provider's key")
    async with opened("who_am_i", command=COMMAND, env={"CONTACTS_KEY": "t0ken"}) as found:
        assert await run(found["who_am_i"]) == "t0ken None"


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "pass"]])
async def test_a_server_that_does_not_start_costs_only_its_tools(command: list[str]) -> None:
    """The call goes on without them."""
    async with opened("find_contact", command=command) as found:
        assert found == {"find_contact": None}


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    """A caller does not wait for it."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    async with asyncio.timeout(8), opened("x", command=command, start_timeout_s=0.5) as found:
        assert found == {"x": None}


async def test_a_tool_that_takes_too_long_can_be_given_up() -> None:
    """And the next one is answered."""
    async with opened("sleep", "find_contact", command=COMMAND) as found:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await run(found["sleep"])
        assert await run(found["find_contact"], name="Anna")


async def test_a_server_that_dies_is_started_again() -> None:
    """The request that it died of is lost, the next one is not."""
    async with opened("crash", "find_contact", command=COMMAND) as found:
        with pytest.raises(ToolError, match="cannot be reached"):
            await run(found["crash"])
        assert await run(found["find_contact"], name="Anna") == "Anna: 0 30 1 2 3"


async def test_an_effect_that_a_server_died_of_is_unknown() -> None:
    """Whoever keeps the ledger does not run it again."""
    async with opened("crash", tools={"crash": {"changes": True}}, command=COMMAND) as found:
        with pytest.raises(ProviderError):
            await run(found["crash"])


async def test_a_server_is_reached_over_http() -> None:
    """Where its address is allowed, with its port since it is on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, str(port), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _listening(port)
        host = f"127.0.0.1:{port}"
        async with opened("find_contact", hosts=(host,), url=f"http://{host}/mcp") as found:
            assert await run(found["find_contact"], name="Anna") == "Anna: 0 30 1 2 3"
        async with opened("find_contact", url=f"http://{host}/mcp", start_timeout_s=2) as found:
            assert found == {"find_contact": None}
    finally:
        process.kill()
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
