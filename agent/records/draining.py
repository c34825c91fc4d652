"""What waits in the spool, brought into the database: by the call itself, and by workers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Protocol

from agent.errors import RecordsError
from agent.records.rows import Header, Row
from agent.records.spool import Claimed, Spool

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 200
"""In one transaction: others write in between."""
_PAUSE_S = 0.05
"""Between two looks at what another process drains."""


class Keeps(Protocol):
    """Where rows are kept; CallStore is one."""

    async def append(self, header: Header, rows: Sequence[Row], *, seen_at: datetime) -> None:
        """See CallStore."""
        ...


async def drain(spool: Spool, store: Keeps, files: Iterable[Path]) -> int:
    """Bring files into the store; returns how many rows there were. What another process drains is
    left to it. A file stays until all of it is in the store: to bring it once more is harmless.

    Raises:
        Exception: the store's, whatever it is; then the file and those after it wait on.
    """
    count = 0
    for file in files:
        with ExitStack() as held:
            # Entered in a thread and left here: closing a file does not wait for the disk.
            claimed = await asyncio.to_thread(held.enter_context, spool.claim(file))
            if claimed is not None:
                await _bring(claimed, store)
                await asyncio.to_thread(spool.forget, claimed)
                count += len(claimed.rows)
    if count:
        logger.info("events from the spool are in the database", extra={"events": count})
    return count


async def drain_wholly(
    spool: Spool, store: Keeps, files: Callable[[], Sequence[Path]], *, patience_s: float
) -> None:
    """Bring files into the store until there are none, those of other processes included: whoever
    drains one of these now is waited for.

    Args:
        spool: Where they are.
        store: Where they belong.
        files: Finds them anew.
        patience_s: How long others may take.

    Raises:
        RecordsError: somebody took longer.
        Exception: the store's, whatever it is.
    """
    try:
        async with asyncio.timeout(patience_s):
            while waiting := await asyncio.to_thread(files):
                if not await drain(spool, store, waiting):
                    await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        raise RecordsError(
            f"{len(waiting)} files in PARLEY_SPOOL_DIR are still being brought into the database"
            " by another process. Try it again in a minute"
        ) from None


async def _bring(claimed: Claimed, store: Keeps) -> None:
    rows = claimed.rows
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[begin : begin + ROWS_AT_ONCE]
        await store.append(claimed.header, some, seen_at=max(row.at for row in some))
