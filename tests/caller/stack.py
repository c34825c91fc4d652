"""The programs of a call and how they know each other: LiveKit server, provider, worker, page."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.caller.processes import PROJECT, Child, ProcessError, free_port
from tests.caller.recognition import whisper_model_path

API_KEY = "test-key"
API_SECRET = "a-secret-for-tests-on-loopback-only"
PROVIDER_KEY = "sk-test-on-loopback"
AGENT_NAME = "parley"
IDLE_POLL_S = 0.1


def livekit_server_binary() -> str:
    """The server that `scripts/install-livekit-server` installed, or the one on PATH."""
    installed = PROJECT / ".tools/bin/livekit-server"
    found = str(installed) if installed.exists() else shutil.which("livekit-server")
    if found is None:
        raise ProcessError("no livekit-server: run scripts/install-livekit-server")
    return found


class LiveKitServer(Child):
    """A LiveKit server on free loopback ports with keys of its own.

    The port is chosen when the object is made, so that others may be told of a server that does
    not run yet.
    """

    def __init__(self, folder: Path, *, name: str = "livekit-server") -> None:
        self.port = free_port()
        self._config = folder / f"{name}.json"
        super().__init__(
            name, [livekit_server_binary(), "--config", str(self._config)], folder=folder
        )

    @property
    def url(self) -> str:
        """Where clients and workers connect."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """What a worker or page needs to know of it."""
        return {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = {
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "keys": {API_KEY: API_SECRET},
            "logging": {"level": "info"},
            "rtc": {
                "udp_port": free_port(socket.SOCK_DGRAM),
                "tcp_port": free_port(),
                "node_ip": "127.0.0.1",
                "use_external_ip": False,
                "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]},
            },
        }
        self._config.parent.mkdir(parents=True, exist_ok=True)
        self._config.write_text(json.dumps(config))  # JSON is YAML
        super().start()
        self.wait_for_port(self.port)


class SandboxProvider(Child):
    """The sandbox provider with whisper tiny for ears, scripted through its control endpoint."""

    def __init__(self, folder: Path, *, name: str = "sandbox", options: Sequence[str] = ()) -> None:
        self.port = free_port()
        argv = [sys.executable, "-m", "agent.sandbox", "--port", str(self.port), "--control"]
        argv += ["--whisper-model", str(whisper_model_path()), *options]
        super().__init__(name, argv, folder=folder)

    @property
    def env(self) -> dict[str, str]:
        """What a worker needs to know of it."""
        return {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1",
            "OPENAI_API_KEY": PROVIDER_KEY,
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        super().start()
        self.wait_for_port(self.port)

    def play(self, **plan: Any) -> None:
        """Load a script: `delays`, `replies`, `transcripts`, `faults`, as `POST /control` takes
        them. Without arguments it listens, thinks and speaks for itself again.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control",
            data=json.dumps(plan).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {PROVIDER_KEY}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=5.0) as answer:
            answer.read()


class Worker(Child):
    """A worker process: Parley's `agent.py start`, or any program on the framework's worker.
    What it and its jobs connect to is written down, see `contacts`.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        *,
        name: str = "worker",
        argv: Sequence[str] = (sys.executable, "agent.py", "start"),
    ) -> None:
        self.port = free_port()
        self._witness = folder / f"{name}.contacts"
        self.database_url = f"sqlite+aiosqlite:///{folder / f'{name}.sqlite3'}"
        settings = {
            "PARLEY_WORKER_PORT": str(self.port),
            "LIVEKIT_AGENT_NAME": AGENT_NAME,
            "PARLEY_DATABASE_URL": self.database_url,
            "PARLEY_SPOOL_DIR": str(folder / f"{name}.spool"),
            "PARLEY_WEATHER": "climate",  # no call leaves this machine
            "PYTHONPATH": str(Path(__file__).parent / "witness"),
            "CALL_WITNESS_FILE": str(self._witness),
        }
        super().__init__(name, argv, folder=folder, env={**settings, **env})

    def wait_until_registered(self, timeout_s: float = 60.0) -> None:
        """Block until the LiveKit server may send it calls."""
        self.wait_for_line("registered worker", timeout_s)

    def active_jobs(self) -> int:
        """Calls it is in, as its `GET /worker` says; blocks."""
        return int(self._info().get("active_jobs", 0))

    def wait_until_idle(self, timeout_s: float = 20.0) -> None:
        """Block until it is in no call; raises ProcessError after `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        while jobs := self.active_jobs():
            if time.monotonic() > deadline_s:
                raise ProcessError(f"{self.name} still has {jobs} calls\n{self.tail()}")
            time.sleep(IDLE_POLL_S)

    def contacts(self) -> set[str]:
        """Hosts that it and its jobs looked up or connected to so far, by name or address."""
        return set(self._witness.read_text().split()) if self._witness.exists() else set()

    def _info(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/worker", timeout=5.0) as answer:
            info: dict[str, Any] = json.load(answer)
            return info


class Page(Child):
    """The web process: token endpoint and the page. It asks no database who is on duty, unless it
    is told to.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], *, name: str = "web") -> None:
        self.port = free_port()
        argv = [sys.executable, "-m", "agent.web", "--port", str(self.port)]
        alone = {"PARLEY_CHECK_WORKERS": "false"}
        super().__init__(name, argv, folder=folder, env={**alone, **env})

    @property
    def url(self) -> str:
        """What a browser opens."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it and wait until it answers."""
        super().start()
        self.wait_for_port(self.port)


@dataclass(frozen=True, slots=True)
class Stack:
    """All parts of a call, running."""

    livekit: LiveKitServer
    sandbox: SandboxProvider
    worker: Worker
    page: Page

    @property
    def page_url(self) -> str:
        """What a browser opens."""
        return self.page.url
