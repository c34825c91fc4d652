"""Runs the parts of a stack together: all of them, or none."""

import asyncio
import signal
from collections.abc import Coroutine, Mapping, Sequence
from typing import Self

from agent.stack.console import Console
from agent.stack.part import Part, PartError
from agent.stack.running import RunningPart

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stack:
    """The running parts, in the order in which they were started.

    Leaving the `async with` block ends them in reverse order, each within its own limit.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: list[RunningPart] = []
        self._spawning: asyncio.Task[None] | None = None
        self._forced = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def start(self, parts: Sequence[Part]) -> None:
        """Start all parts at once and return when every one is ready.

        They start together because each spends its time on its own imports and waits for the
        others where it needs them: the worker, for one, retries until the server is there.

        Raises:
            PartError: one ended or was not ready in time; the first that did.
        """
        # Shielded: a cancelled start would kill the guard and leave its command behind.
        self._spawning = asyncio.create_task(self._spawn(parts))
        await asyncio.shield(self._spawning)
        ready = [asyncio.create_task(running.wait_ready()) for running in self._running]
        try:
            for first in asyncio.as_completed(ready):
                await first
        finally:
            for task in ready:
                task.cancel()
            await asyncio.gather(*ready, return_exceptions=True)

    async def wait(self) -> None:
        """Wait for as long as every part runs.

        Raises:
            PartError: the first part that ended.
        """
        ends = {asyncio.create_task(running.wait()): running for running in self._running}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        raise next(ends[task] for task in ends if task in done).failure_of_end()

    def kill(self) -> None:
        """Wait for no part any longer: those that are being stopped, and those still to be."""
        self._forced = True
        for running in self._running:
            running.kill()

    async def _spawn(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._console.introduce(part.name)
        for part in parts:
            self._running.append(await RunningPart.start(part, self._console))

    async def _stop(self) -> None:
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
        for running in reversed(self._running):
            self._console.say(f"stopping {running.part.name}")
            if self._forced:
                running.kill()
            await running.stop()


async def run_stack(parts: Sequence[Part], *, announcement: str, console: Console) -> int:
    """Run the parts until SIGINT, SIGTERM or SIGHUP, or until one of them fails.

    A second signal kills what is still there. `announcement` is written once all are ready.

    Returns:
        0 after a signal, 1 after a failure, which has been told on the console.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    async with Stack(console) as stack:

        def on_signal() -> None:
            if asked.is_set():
                stack.kill()
            asked.set()

        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, on_signal)
        try:
            await _until(asked, _run(stack, parts, announcement, console))
        except PartError as failure:
            console.fail(str(failure))
            return 1
        console.say("stopping, as asked; once more to stop at once")
        return 0


async def run_beside(
    parts: Sequence[Part], argv: Sequence[str], env: Mapping[str, str], *, console: Console
) -> int:
    """Run a command that has the terminal for itself, with parts of the stack behind it.

    Ctrl-C is the command's own affair; when it ends, the parts end.

    Returns:
        The command's exit code; 1 when a part did not start, which has been told on the console.
    """
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    async with Stack(console) as stack:
        try:
            await stack.start(parts)
        except PartError as failure:
            console.fail(str(failure))
            return 1
        command = await asyncio.create_subprocess_exec(*argv, env=env)
        return await command.wait()


async def _run(stack: Stack, parts: Sequence[Part], announcement: str, console: Console) -> None:
    await stack.start(parts)
    console.say(announcement)
    await stack.wait()


async def _until(asked: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end, or give it up when `asked` is set."""
    working = asyncio.create_task(work)
    asking = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, asking}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        asking.cancel()
        await asyncio.gather(working, asking, return_exceptions=True)
