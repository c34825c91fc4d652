"""Transactions in a thread of their own: what SQL takes to compute, 10 ms and more the first time
in a process, does not hold up the event loop of a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

WRITES = "parley_writes"
"""Execution option: whether a transaction is going to write."""

T = TypeVar("T")


class OwnThread(Protocol):
    """A thread in which transactions are made. It starts with the first one."""

    async def run(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """Make a transaction. One that is cancelled may have happened all the same."""
        ...

    async def aclose(self) -> None:
        """Close the connections and end the thread."""
        ...


class BlockingThread:
    """For a driver that blocks; the engine keeps a connection for each thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sql")

    async def run(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """See OwnThread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._run, work, writes)

    async def aclose(self) -> None:
        """See OwnThread."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._engine.dispose)
        self._executor.shutdown(wait=False)

    def _run(self, work: Callable[[Connection], T], writes: bool) -> T:
        with self._engine.execution_options(**{WRITES: writes}).begin() as connection:
            return work(connection)


class LoopThread:
    """For a driver that wants an event loop; it gets one of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """See OwnThread."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            Thread(target=_run_to_end, args=(self._loop,), name="sql", daemon=True).start()
        done = asyncio.run_coroutine_threadsafe(self._run(work, writes), self._loop)
        return await asyncio.wrap_future(done)

    async def aclose(self) -> None:
        """See OwnThread."""
        if self._loop is not None:
            done = asyncio.run_coroutine_threadsafe(self._engine.dispose(), self._loop)
            await asyncio.wrap_future(done)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    async def _run(self, work: Callable[[Connection], T], writes: bool) -> T:
        async with self._engine.execution_options(**{WRITES: writes}).begin() as connection:
            return await connection.run_sync(work)


def _run_to_end(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
