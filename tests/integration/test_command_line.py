"""`python agent.py …`, as a person at a terminal meets it."""

from __future__ import annotations

import http.server
import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from tests.caller.processes import PROJECT
from tests.caller.stack import LiveKitServer

AGENT = str(PROJECT / "agent.py")
UNSET = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("LIVEKIT_", "OPENAI_", "PARLEY_"))
}


def start(**environ: str) -> subprocess.CompletedProcess[str]:
    """`agent.py start` that is expected to give up by itself."""
    return subprocess.run(
        [sys.executable, AGENT, "start"],
        env={**UNSET, "OPENAI_API_KEY": "sk-1", "PARLEY_WORKER_PORT": "0", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def some_web_server() -> Iterator[str]:
    """A server that is no LiveKit server."""
    handler = http.server.SimpleHTTPRequestHandler
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("wrong", ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
def test_a_refused_livekit_key_is_told_by_name(livekit_server: LiveKitServer, wrong: str) -> None:
    """The worker does not retry for minutes what can never succeed."""
    done = start(**{**livekit_server.env, wrong: "another-one-of-more-than-32-characters"})
    assert done.returncode == 2
    assert "LIVEKIT_API_SECRET: the server at LIVEKIT_URL refuses them" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_livekit_server_is_told(some_web_server: str) -> None:
    """A wrong port is found at once."""
    keys = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "a-secret-of-more-than-32-characters"}
    done = start(LIVEKIT_URL=some_web_server, **keys)
    assert done.returncode == 2
    assert "LIVEKIT_URL: what answers there is no LiveKit server" in done.stderr


def test_the_console_talks_with_nothing_configured() -> None:
    """One command, no server and no key, and the agent answers in the terminal."""
    terminal = Terminal([sys.executable, AGENT, "console", "--text"], UNSET)
    try:
        terminal.wait_for("call started")
        terminal.type("What time is it in Tokyo?\r")
        terminal.wait_for(r"In Tokyo it is \d+:\d\d [AP]M")
    finally:
        terminal.close()


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(PROJECT)
            os.execve(argv[0], argv, dict(environ))
        self._shown = ""

    def type(self, text: str) -> None:
        """As if at the keyboard."""
        os.write(self._terminal, text.encode())

    def wait_for(self, pattern: str, timeout_s: float = 60.0) -> None:
        """Return once the screen has shown this."""
        deadline = time.monotonic() + timeout_s
        while not re.search(pattern, self._shown):
            left_s = deadline - time.monotonic()
            readable, _, _ = select.select([self._terminal], [], [], max(0.0, left_s))
            assert readable, f"{pattern!r} was not shown; the last was: {self._shown[-2000:]}"
            self._shown += os.read(self._terminal, 65536).decode(errors="replace")

    def close(self) -> None:
        """Ctrl-C, and wait for the end."""
        self.type("\x03")
        deadline = time.monotonic() + 30
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            readable, _, _ = select.select([self._terminal], [], [], 0.1)
            if readable and not self._read_rest():
                continue
            assert time.monotonic() < deadline, "the console did not end on Ctrl-C"
        os.close(self._terminal)

    def _read_rest(self) -> bytes:
        try:
            return os.read(self._terminal, 65536)
        except OSError:  # the other side is closed
            return b""
