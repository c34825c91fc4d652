"""Runs a stack of small programs in a process of its own, as `dev` does."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PROJECT = Path(__file__).parents[3]
PATIENCE_S = 20.0

RUN_STACK = """
import asyncio, json, sys
from agent.stack import Console, Part, SaysReady, run_stack

parts = [Part(ready=SaysReady(), **part) for part in json.loads(sys.argv[1])]
console = Console(sys.stdout)
sys.exit(asyncio.run(run_stack(parts, announcement="all ready", console=console)))
"""

# A part that says it is ready, and what happens to it, before that and once it is ready.
PROGRAM = """
import os, signal, subprocess, sys, time
from agent.stack.notify import notify_ready

def end(*_):
    print("ending")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
{before}
print("pid", os.getpid())
notify_ready()
{body}
while True:
    signal.pause()
"""


def program(body: str = "", *, before: str = "") -> list[str]:
    """The command of a part that runs `before`, is ready, runs `body` and waits for its end."""
    return [sys.executable, "-c", PROGRAM.format(body=body, before=before)]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look until the condition holds; fail after PATIENCE_S seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.02)


class RunningStack:
    """A stack in a process of its own, with what it has written so far."""

    def __init__(self, parts: list[dict[str, Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN_STACK, json.dumps(parts)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._written = b""

    @property
    def lines(self) -> list[str]:
        """The lines so far, without the padding of the margin."""
        return [
            " | ".join(part.strip() for part in line.split("|", 1))
            for line in self._written.decode().splitlines()
        ]

    def wait_for(self, text: str) -> str:
        """The first line that holds `text`, once it has come."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for line in self.lines[: self._written.count(b"\n")]:
                if text in line:
                    return line
            assert self._read(deadline - time.monotonic()), f"no {text!r} in {self.lines}"

    def pid_of(self, name: str) -> int:
        """The process id that a part has told."""
        return int(self.wait_for(f"{name} | pid").rsplit(" ", 1)[1])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self, within_s: float) -> bool:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], max(within_s, 0))
        chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        self._written += chunk
        return bool(chunk)


@pytest.fixture
def run_parts() -> Iterator[Callable[..., RunningStack]]:
    """Starts a stack of the given parts; whatever is left is killed afterwards."""
    started: list[RunningStack] = []

    def run(*parts: dict[str, Any]) -> RunningStack:
        started.append(RunningStack(list(parts)))
        return started[-1]

    yield run
    for stack in started:
        stack.close()
