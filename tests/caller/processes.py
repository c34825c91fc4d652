"""The real programs behind a call, as child processes with a log file each."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

PROJECT = Path(__file__).resolve().parents[2]
POLL_S = 0.02


def _neutral_environment() -> dict[str, str]:
    """The environment without what would configure a part behind the caller's back."""
    ours = ("PARLEY_", "OPENAI_", "LIVEKIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _brief(line: str) -> str:
    """A log line for people, at most 300 signs of it: of a JSON record what differs from others."""
    try:
        record = json.loads(line)
        message = record["message"].splitlines()[0]
        details = [f"{key}={record[key]}" for key in record if key not in _ON_EVERY_RECORD]
        line = " ".join([record["timestamp"][11:23], record["level"], message, *details])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        pass  # not a record: shown as it stands
    return line[:300]


_ON_EVERY_RECORD = {
    *("message", "level", "name", "timestamp", "pid"),
    *("code.file.path", "code.function.name", "code.line.number"),
    *("call_id", "job_id", "room", "room_id", "agent_name"),
}


class ProcessError(AssertionError):
    """A child died or did not do in time what it was waited for; the message has its last lines."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A loopback port that is free at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """A program started in the project's root, its output in `<folder>/<name>.log`.

    As a context manager it is started on entry and ended on exit, with all that it started.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        self._argv = list(argv)
        self._env = {**_neutral_environment(), "PYTHONUNBUFFERED": "1", **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the program itself."""
        return self._running().pid

    @property
    def is_alive(self) -> bool:
        """Whether the program runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that it has written so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log, under its name and the path of the whole."""
        last = [_brief(line) for line in self.log.splitlines()[-lines:]]
        return "\n".join([f"--- {self.name} ({self.log_path})", *last])

    def start(self) -> None:
        """Start it; does not wait for anything."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            self.started_s = time.monotonic()
            self._process = subprocess.Popen(
                self._argv, cwd=PROJECT, env=self._env, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_for_line(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """The first match of a regular expression in its output; blocks.

        Raises ProcessError when it ends first or `timeout_s` pass.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            alive = self.is_alive  # asked before reading, so that last words are not missed
            if match := re.search(pattern, self.log):
                return match
            if not alive:
                code = self._running().returncode
                raise ProcessError(f"{self.name} ended with {code}\n{self.tail()}")
            if time.monotonic() > deadline_s:
                raise ProcessError(f"{self.name}: no {pattern!r} in {timeout_s} s\n{self.tail()}")
            time.sleep(POLL_S)

    def wait_for_port(self, port: int, timeout_s: float = 30.0) -> None:
        """Block until it accepts connections on this loopback port; raises as `wait_for_line`."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if not self.is_alive:
                code = self._running().returncode
                raise ProcessError(f"{self.name} ended with {code}\n{self.tail()}")
            if time.monotonic() > deadline_s:
                raise ProcessError(f"{self.name}: port {port} not open\n{self.tail()}")
            time.sleep(POLL_S)

    def wait_for_exit(self, timeout_s: float = 10.0) -> int:
        """Its exit status; raises ProcessError when it still runs after `timeout_s`."""
        try:
            return self._running().wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(
                f"{self.name} still runs after {timeout_s} s\n{self.tail()}"
            ) from None

    def stop(self, grace_s: float = 0.5) -> None:
        """End it with SIGTERM, and what is left of it and its children after `grace_s` with
        SIGKILL. Harmless when it has ended.
        """
        if self._process is None:
            return
        family = self._family()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        _, left = psutil.wait_procs(family, timeout=1.0)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=5.0)

    def _family(self) -> list[psutil.Process]:
        try:
            return list(psutil.Process(self._running().pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ProcessError(f"{self.name} was not started")
        return self._process
