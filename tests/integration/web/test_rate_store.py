"""Web servers that count requests together, in a Redis or Valkey server of this machine."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.settings import RateSettings, load_group
from agent.web.admission import RateLimits
from agent.web.admission.rates import AWAY_S, Quota
from agent.web.refusals import Refusal
from tests.caller.processes import Child, free_port

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no redis-server on PATH")
QUOTA = Quota.of("calls", ["4/minute"], [])


class Redis(Child):
    """A server with nothing in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        argv = [str(PROGRAM), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        super().__init__("redis", argv, folder=folder)

    def start(self) -> None:
        super().start()
        self.wait_for_port(self.port)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    yield free_port()


def limits_at(port: int, clock: list[float]) -> RateLimits:
    url = f"redis://127.0.0.1:{port}/0"
    settings = load_group(RateSettings, {"PARLEY_RATE_STORE_URL": url})
    return RateLimits(settings, clock=lambda: clock[0])


async def counted(limits: RateLimits, times: int) -> int:
    """How many of so many requests are let through."""
    through = 0
    for _ in range(times):
        try:
            await limits.require(QUOTA, "address", "198.51.100.1")
            through += 1
        except Refusal as refusal:
            assert refusal.retry_after_s is not None
            assert 50 <= refusal.retry_after_s <= 60
    return through


async def test_several_web_servers_count_together_while_redis_is_there(
    tmp_path: Path, port: int
) -> None:
    """When it goes away each counts for itself, and when it is back they do so together again."""
    clock = [0.0]
    one, other = limits_at(port, clock), limits_at(port, clock)
    with Redis(tmp_path, port):
        assert await counted(one, 3) + await counted(other, 3) == 4
    assert (await counted(one, 6), await counted(other, 6)) == (4, 4)
    with Redis(tmp_path, port):
        assert await counted(one, 2) == 0
        clock[0] += AWAY_S
        assert await counted(one, 3) + await counted(other, 3) == 4
