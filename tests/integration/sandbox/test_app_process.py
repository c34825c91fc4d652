"""`python -m agent.sandbox`: starting, refusing to start, and ending."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.caller.recognition import whisper_model_path

ENGINES = ("--ears", "whisper", "--whisper-model", str(whisper_model_path()))


@asynccontextmanager
async def started(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A sandbox's process, killed in the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.sandbox", "--port", "0", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready_url(process: asyncio.subprocess.Process) -> str:
    """The URL in the line that says the sandbox listens."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), timeout=30)
    return line.decode().split()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_although_clients_hang(
    number: signal.Signals, tmp_path: Path
) -> None:
    """With a WebSocket open and a request hanging, a signal ends the process at once, with 0."""
    script = tmp_path / "script.toml"
    script.write_text('[[faults]]\non = "chat"\nkind = "hang"\n')
    async with (
        started(*ENGINES, "--script", str(script), "--control") as process,
        aiohttp.ClientSession() as session,
    ):
        url = await ready_url(process)
        async with session.ws_connect(f"{url}/realtime") as realtime:
            await realtime.receive_json()
            hanging = asyncio.create_task(session.post(f"{url}/chat/completions", json={}))
            await _first_chat(session, url)
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), timeout=5) == 0
            with pytest.raises(aiohttp.ClientError):
                await hanging


async def _first_chat(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until the first request for a completion has come to the sandbox."""
    requests: dict[str, int] = {}
    while "chat" not in requests:
        async with session.get(url.removesuffix("/v1") + "/control") as answer:
            requests = (await answer.json())["requests"]


async def refusal_of(*options: str) -> str:
    """What a process that must not start says, in one line."""
    async with started(*ENGINES, *options) as process:
        out, err = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 2
    assert out == b""
    assert b"Traceback" not in err
    return err.decode().strip()


async def test_a_port_in_use_is_named() -> None:
    """A port that is taken is one clear sentence and exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = await refusal_of("--port", str(port))
    assert len(said.splitlines()) == 1
    assert f"127.0.0.1:{port}" in said
    assert "in use" in said


async def test_a_bad_script_is_named(tmp_path: Path) -> None:
    """A script with a wrong field is one clear sentence and exit code 2."""
    script = tmp_path / "script.toml"
    script.write_text("[delays]\nstt_s = -1\n")
    said = await refusal_of("--script", str(script))
    assert len(said.splitlines()) == 1
    assert "script.toml" in said
    assert "delays.stt_s" in said


async def test_options_can_be_given_as_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who starts it inside a stack configures it through the environment, faults included."""
    monkeypatch.setenv("PARLEY_SANDBOX_WHISPER_MODEL", str(whisper_model_path()))
    monkeypatch.setenv("PARLEY_SANDBOX_API_KEY", "sk-right")
    async with started() as process, aiohttp.ClientSession() as session:
        url = await ready_url(process)
        async with session.get(f"{url}/models") as answer:
            assert answer.status == 401
    monkeypatch.setenv("PARLEY_SANDBOX_EARS", "both")
    async with started() as process:
        _, err = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 2
    assert b"'both' is none of auto, whisper and pocketsphinx" in err
