"""Waiting until a part is ready. No wait here has a limit of its own: the caller sets it."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from agent.stack.part import AnswersHttp, SaysReady

POLL_S = 0.1
ANSWER_WITHIN_S = 2.0


class Probe(Protocol):
    """Tells when one part is ready. It is made before the part starts and closed after."""

    @property
    def env(self) -> Mapping[str, str]:
        """What the part needs in its environment to be heard."""

    async def wait(self) -> None:
        """Return once the part is ready."""

    def close(self) -> None:
        """Give back what the probe holds."""


def probe_for(check: AnswersHttp | SaysReady) -> Probe:
    """The probe that carries out a part's readiness check."""
    return HttpProbe(check.url) if isinstance(check, AnswersHttp) else NotifyProbe()


class HttpProbe:
    """Asks a URL until it answers with a status below 500."""

    env: Mapping[str, str] = {}

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._host, self._port = target.hostname or "127.0.0.1", target.port or 80
        self._path = target.path or "/"

    async def wait(self) -> None:
        """Return once the URL answers."""
        while True:
            if await self._answers():
                return
            await asyncio.sleep(POLL_S)

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return 100 <= await self._status() < 500
        except (OSError, TimeoutError, ValueError):
            return False

    async def _status(self) -> int:
        # By hand, because a client library would cost the start more than everything else here,
        # and would go through the proxy of the environment.
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(
                f"GET {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            status_line = await reader.readline()
            return int(status_line.split()[1]) if status_line.startswith(b"HTTP/1.") else 0
        finally:
            writer.close()

    def close(self) -> None:
        """Nothing is held between two questions."""


class NotifyProbe:
    """Listens for the READY=1 that the part sends to NOTIFY_SOCKET."""

    def __init__(self) -> None:
        # Short, because the name of a Unix socket holds at most 103 bytes on macOS.
        self._folder = Path(tempfile.mkdtemp(prefix="parley-"))
        path = str(self._folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(path)
        self.env: Mapping[str, str] = {"NOTIFY_SOCKET": path}

    async def wait(self) -> None:
        """Return once READY=1 has come."""
        loop = asyncio.get_running_loop()
        while b"READY=1" not in (await loop.sock_recv(self._socket, 4096)).split(b"\n"):
            continue

    def close(self) -> None:
        """Remove the socket."""
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)
