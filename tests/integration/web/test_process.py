"""`python -m agent.web` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.web.conftest import ENVIRONMENT

ROOT = Path(__file__).parents[3]


@contextmanager
def web_process(*arguments: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """The web server as its own process; it is killed if it does not end by itself."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "agent.web", *arguments],
        cwd=ROOT / "tests",  # where no .env of a developer can interfere
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ENVIRONMENT, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        if process.poll() is None:
            process.kill()


def page_url(process: subprocess.Popen[str]) -> str:
    """The address a starting server prints once it listens."""
    assert process.stdout is not None
    return process.stdout.readline().split()[-1]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(ending: signal.Signals) -> None:
    """The first line is the address to open; a signal ends it with status 0 and no traceback."""
    with web_process("--port", "0") as server:
        with urllib.request.urlopen(f"{page_url(server)}/healthz", timeout=10) as answer:
            assert answer.status == 200
        server.send_signal(ending)
        _, stderr = server.communicate(timeout=20)
    assert (server.returncode, stderr) == (0, "")


def test_a_port_in_use_is_one_sentence() -> None:
    """Who else has the port is not our fault to trace: one line, status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with web_process("--port", str(port)) as server:
            _, stderr = server.communicate(timeout=30)
    assert server.returncode == 2
    assert stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in stderr
    assert "in use" in stderr


def test_missing_settings_are_named() -> None:
    """Without settings it says which, with status 2."""
    with web_process("--port", "0", LIVEKIT_API_SECRET="") as server:
        _, stderr = server.communicate(timeout=30)
    assert server.returncode == 2
    assert "LIVEKIT_API_SECRET" in stderr
    assert "Traceback" not in stderr
