"""Work for which no thread is woken."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agent.pipeline.at_once import AtOnce


async def test_work_is_done_in_the_thread_that_asks() -> None:
    """Nobody waits for another thread to wake up."""
    where = asyncio.get_running_loop().run_in_executor(AtOnce(), threading.get_ident)
    assert await where == threading.get_ident()


async def test_a_failure_reaches_who_waits() -> None:
    """What fails here fails as it would in a thread."""
    with pytest.raises(ZeroDivisionError):
        await asyncio.get_running_loop().run_in_executor(AtOnce(), divmod, 1, 0)
