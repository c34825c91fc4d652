"""One part as a child process, from start to end."""

import asyncio
import os
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

from agent.stack.console import Console
from agent.stack.part import Part, PartError, describe_exit
from agent.stack.readiness import Probe, probe_for

GUARD = str(Path(__file__).with_name("guard.py"))
LAST_LINES = 15
MAX_LINE_BYTES = 64 * 1024
DRAIN_S = 1.0
"""How long output may still come after the end, where a stray descendant holds the pipe open."""
KILL_S = 5.0
"""How long the guard may take beyond `stop_within_s` before it is killed itself."""


class RunningPart:
    """A started part: its output goes to the console, its end can be awaited.

    It runs under `agent.stack.guard`, so that it ends with this process, however that ends.
    """

    def __init__(
        self, part: Part, guard: asyncio.subprocess.Process, probe: Probe, console: Console
    ):
        self.part = part
        self._guard = guard
        self._probe = probe
        self._console = console
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._output = asyncio.create_task(self._pump(), name=f"output of {part.name}")
        self._ended = asyncio.create_task(self._end(), name=f"end of {part.name}")

    @classmethod
    async def start(cls, part: Part, console: Console) -> "RunningPart":
        """Start the part; returns before it is ready."""
        probe = probe_for(part.ready)
        guard = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", GUARD, str(part.stop_within_s), *part.argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.env, **probe.env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C reaches this process alone, which then ends the parts in order.
            start_new_session=True,
        )  # fmt: skip
        return cls(part, guard, probe, console)

    async def wait_ready(self) -> None:
        """Return once the part is ready.

        Raises:
            PartError: it ended first, or was not ready in time.
        """
        ready = asyncio.create_task(self._probe.wait())
        try:
            done, _ = await asyncio.wait(
                {ready, self._ended},
                timeout=self.part.ready_within_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._ended in done:
                raise self.failure_of_end()
            if not done:
                raise PartError(
                    self.part, f"was not ready within {self.part.ready_within_s:g} s", self._tail()
                )
            ready.result()
        finally:
            ready.cancel()

    async def wait(self) -> None:
        """Return once the part has ended and all it wrote is on the console."""
        await asyncio.shield(self._ended)

    def failure_of_end(self) -> PartError:
        """The error that tells of an end nobody asked for."""
        how = describe_exit(self._ended.result())
        return PartError(self.part, f"ended unasked ({how})", self._tail())

    async def stop(self) -> None:
        """End the part and everything it started; returns when that is done. May be repeated."""
        self._order(b"t")
        try:
            async with asyncio.timeout(self.part.stop_within_s + KILL_S):
                await self.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._guard.kill()
            await self.wait()
        finally:
            self._probe.close()

    def kill(self) -> None:
        """Do not wait for a part that is being stopped; `stop` then returns at once."""
        self._order(b"k")

    def _order(self, order: bytes) -> None:
        lifeline = self._guard.stdin
        if lifeline is not None and self._guard.returncode is None:
            lifeline.write(order)

    async def _end(self) -> int:
        status = await self._guard.wait()
        await asyncio.wait({self._output}, timeout=DRAIN_S)
        self._output.cancel()
        return status

    async def _pump(self) -> None:
        reader = self._guard.stdout
        rest = b""
        while reader is not None and (chunk := await reader.read(MAX_LINE_BYTES)):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._write(line)
        if rest:
            self._write(rest)

    def _write(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self._last_lines.append(text)
        self._console.line(self.part.name, text)

    def _tail(self) -> list[str]:
        return [line for line in self._last_lines if line.strip()]
