"""Writes the record of one call while it happens, off the call's path."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.call.record import Entry, RecordEvent
from agent.records.draining import Keeps, drain
from agent.records.rows import Header, Row, Writing
from agent.records.spool import Spool

logger = logging.getLogger(__name__)


_LAST_TRIES = 2
"""At the end, where neither the database nor the spool took the rest at first."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds, and how much is kept in memory."""

    gather_s: float = 0.2
    """From an event until it is written, so that others go with it."""
    heartbeat_s: float = 5.0
    store_s: float = 0.75
    """What the database takes longer for goes to the spool too, in case this process dies."""
    give_up_s: float = 15.0
    """After which a write is given up."""
    pause_s: float = 2.0
    """After a failed write, before the next is tried there; meanwhile all goes to the spool."""
    most_in_memory: int = 20_000
    """Rows, where not even the spool takes any."""


class Recorder:
    """Keeps the record of one call. It needs a running loop, and is closed after the call.

    Args:
        header: The call's; its beginning is that of the record's clock.
        store: Where rows belong.
        spool: Where they wait as long as the store does not take them.
        writing: Redacts and seals.
        patience: How long things may take.
    """

    def __init__(
        self,
        header: Header,
        store: Keeps,
        spool: Spool,
        *,
        writing: Writing | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._header = header
        self._store = store
        self._spool = spool
        self._writing = writing or Writing()
        self._patience = patience or Patience()
        self._began_s = time.monotonic()
        self._seq = 0
        self._noted: deque[Entry] = deque()
        self._rows: deque[Row] = deque()
        """Made of entries, and kept nowhere yet."""
        self._wake = asyncio.Event()
        self._storing: asyncio.Task[None] | None = None
        self._next_try_s = self._next_spool_s = 0.0
        self._spooled = False
        self._is_failing = self._is_full = False
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="record")

    def note(self, event: RecordEvent) -> None:
        """Write an event down. This takes no time and never fails; what is noted after the close is
        forgotten.
        """
        if self._closing:
            return
        self._seq += 1
        self._noted.append(Entry(self._seq, self._now(), event))
        self._wake.set()

    async def aclose(self) -> None:
        """Bring all that was noted into the database or, if that fails, into the spool."""
        self._closing = True
        self._wake.set()
        await self._task

    def _now(self) -> datetime:
        """The wall clock of the beginning, going on evenly."""
        return self._header.started_at + timedelta(seconds=time.monotonic() - self._began_s)

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._wait()
                await self._write()
            except Exception:  # the edge of the task: a call must not end over its record
                logger.exception("recording failed")
                await asyncio.sleep(self._patience.pause_s)
        try:
            await self._finish()
        except Exception:
            logger.exception("the end of a call could not be recorded")

    async def _wait(self) -> None:
        """Return when there is something to write, at the latest when a heartbeat is due."""
        try:
            async with asyncio.timeout(self._patience.heartbeat_s):
                await self._wake.wait()
        except TimeoutError:
            return
        if not self._closing:
            await asyncio.sleep(self._patience.gather_s)

    async def _write(self) -> None:
        await self._take_noted()
        if not await self._stored():
            await self._keep_aside()
        elif self._spooled:
            await self._drain()

    async def _take_noted(self) -> None:
        self._wake.clear()
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        if noted:
            self._rows += await asyncio.to_thread(lambda: [self._writing.row(e) for e in noted])

    async def _stored(self) -> bool:
        """Whether the database has all rows. One that is slow may still get them."""
        if self._storing is not None or time.monotonic() < self._next_try_s:
            return False
        rows = list(self._rows)
        self._storing = task = asyncio.create_task(self._store_rows(rows))
        task.add_done_callback(self._over)
        await asyncio.wait([task], timeout=self._patience.store_s)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return False
        for _ in rows:
            self._rows.popleft()
        self._is_failing = False
        return True

    async def _store_rows(self, rows: Sequence[Row]) -> None:
        async with asyncio.timeout(self._patience.give_up_s):
            await self._store.append(self._header, rows, seen_at=self._now())

    def _over(self, task: asyncio.Task[None]) -> None:
        self._storing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._note_failure(error)

    def _note_failure(self, error: BaseException) -> None:
        if not self._is_failing:
            kind = type(error).__name__  # alone: the message may hold the database's address
            logger.warning("the record cannot be written now", extra={"error": kind})
        self._is_failing = True
        self._next_try_s = time.monotonic() + self._patience.pause_s

    async def _keep_aside(self) -> None:
        """Put all rows into the spool; they stay in memory where that is not possible."""
        rows = list(self._rows)
        if not rows or time.monotonic() < self._next_spool_s:
            return
        try:
            await asyncio.to_thread(self._spool.append, self._header, rows)
        except OSError as error:
            self._note_full(error)
            return
        self._spooled, self._is_full = True, False
        for _ in rows:
            self._rows.popleft()

    def _note_full(self, error: OSError) -> None:
        if not self._is_full:
            logger.error("the record is kept in memory only", extra={"error": error.strerror})
        self._is_full = True
        self._next_spool_s = time.monotonic() + self._patience.pause_s
        surplus = len(self._rows) - self._patience.most_in_memory
        if surplus > 0:
            logger.error("a part of the record is lost", extra={"events": surplus})
        for _ in range(surplus):
            self._rows.popleft()

    async def _drain(self) -> None:
        files = await asyncio.to_thread(self._spool.files_of, self._header.call_id)
        try:
            async with asyncio.timeout(self._patience.give_up_s):
                await drain(self._spool, self._store, files)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file waits on
            self._note_failure(error)
        else:
            self._spooled = False

    async def _finish(self) -> None:
        await self._take_noted()
        for _ in range(_LAST_TRIES):
            await self._settle()
            self._next_try_s = self._next_spool_s = 0.0
            if await self._stored():
                break
            await self._keep_aside()
            if not self._rows:
                await self._settle()
                break
        if self._rows:
            logger.error("the end of a record is lost", extra={"events": len(self._rows)})
        if self._spooled and time.monotonic() >= self._next_try_s:
            await self._drain()

    async def _settle(self) -> None:
        """Let a write that is under way come to its end."""
        if (task := self._storing) is not None:
            await asyncio.wait([task], timeout=self._patience.give_up_s)
