"""What calls cost, as metrics. Each call keeps its sums in a small file, and the worker adds up the
files of its calls when it is asked for metrics.

Not the Prometheus client's own mode for many processes: that keeps files for ever of each process
that there was, and a worker has one for each call. Here a call's file is added up and forgotten.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.call.events import CostChanged

logger = logging.getLogger(__name__)

WRITE_EVERY_S = 1.0
RATE_HOLDS_S = 60.0
"""After which a call's rate, which is that of its last minute, is nothing."""

_SUFFIX = ".json"


class CallCosts:
    """Keeps the sums of one call where its worker finds them. A job that is killed loses those of
    its last second. Needs a running loop, and is closed after the call.

    Args:
        folder: The worker's.
        write_every_s: How old the sums may be there.
    """

    def __init__(self, folder: Path, *, write_every_s: float = WRITE_EVERY_S) -> None:
        self._file = folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        self._write_every_s = write_every_s
        self._usd: dict[str, Decimal] = {}
        self._unpriced: Counter[str] = Counter()
        self._total_usd = self._usd_per_min = Decimal(0)
        self._changed_at = 0.0
        self._writing: asyncio.Task[None] | None = None

    def add(self, change: CostChanged) -> None:
        """An OnCost."""
        name = change.model.name
        self._usd[name] = self._usd.get(name, Decimal(0)) + change.usd
        if name in change.total.unpriced:
            self._unpriced[name] += 1
        self._total_usd, self._usd_per_min = change.total.usd, change.usd_per_min
        self._changed_at = time.time()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon(), name="costs.write")

    async def aclose(self) -> None:
        """The sums are final."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._write(ended=True)

    async def _write_soon(self) -> None:
        await asyncio.sleep(self._write_every_s)
        self._writing = None
        await self._write(ended=False)

    async def _write(self, *, ended: bool) -> None:
        sums = {
            "pid": os.getpid(),
            "ended": ended,
            "changed_at": self._changed_at,
            "total_usd": float(self._total_usd),
            "usd_per_min": float(self._usd_per_min),
            "usd": {model: float(usd) for model, usd in self._usd.items()},
            "unpriced": dict(self._unpriced),
        }
        try:
            await asyncio.to_thread(_replace, self._file, json.dumps(sums))
        except OSError as error:  # a call must not end over its metrics
            logger.info("a call's costs could not be told", extra={"error": error.strerror})


class CostCollector(Collector):
    """The costs of one worker's calls, those that have ended included.

    Args:
        folder: Where its calls keep their sums, and nobody else anything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._ended_usd: Counter[str] = Counter()
        self._ended_unpriced: Counter[str] = Counter()

    def describe(self) -> list[Metric]:
        """Nothing, so that nothing is read before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        with self._lock:
            live = self._forget_ended()
            usd, unpriced = Counter(self._ended_usd), Counter(self._ended_unpriced)
        for sums in live:
            usd.update(sums["usd"])
            unpriced.update(sums["unpriced"])
        yield _counter(
            "parley_cost_usd",
            "US dollars that calls have cost by model, as billed by the call; what has no price is"
            " not in it, and a telephone line counts when its call is over",
            usd,
        )
        yield _counter(
            "parley_unpriced_uses",
            "Requests to a model of which something has no price and is missing in parley_cost_usd",
            unpriced,
        )
        yield _gauge(
            "parley_calls_in_progress_cost_usd",
            "US dollars that the calls in progress have cost so far, telephone lines included; do"
            " not add it to parley_cost_usd, which has them too",
            sum(sums["total_usd"] for sums in live),
        )
        recent_s = time.time() - RATE_HOLDS_S
        yield _gauge(
            "parley_cost_usd_per_minute",
            "US dollars that the calls in progress have cost in their last minute, without lines",
            sum(sums["usd_per_min"] for sums in live if sums["changed_at"] > recent_s),
        )

    def _forget_ended(self) -> list[dict[str, Any]]:
        """Take in the sums of calls that are over; those of the others."""
        live = []
        for file in self._folder.glob(f"*{_SUFFIX}"):
            sums = json.loads(file.read_text())
            if not sums["ended"] and _is_there(sums["pid"]):
                live.append(sums)
                continue
            self._ended_usd.update(sums["usd"])
            self._ended_unpriced.update(sums["unpriced"])
            file.unlink()
        return live


def _counter(name: str, text: str, by_model: Counter[str]) -> Metric:
    metric = CounterMetricFamily(name, text, labels=["model"])
    for model, value in sorted(by_model.items()):
        metric.add_metric([model], value)
    return metric


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _is_there(pid: int) -> bool:
    """Whether a process of this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _replace(file: Path, text: str) -> None:
    """Write a file so that nobody reads a part of it."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.replace(file)
