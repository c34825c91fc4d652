"""The running bill of one call.

It listens to the models themselves and not to the session, which counts those of the agent that
speaks at the moment and no others: not the transcription beside the realtime model, a summary, a
judge, or what a model answers after the call has gone on to another one.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from livekit.agents.metrics import AgentMetrics

from agent.call.cost import Cost, Model, Usage
from agent.call.events import CostChanged, OnCost
from agent.call.prices import TELEPHONE, PriceBook
from agent.cost.metered import metered

logger = logging.getLogger(__name__)

RATE_OVER_S = 60.0


class Measured(Protocol):
    """A model that tells what it has used."""

    def on(self, event: Any, callback: Callable[..., Any] | None = None) -> Any:
        """See EventEmitter."""
        ...


class Meter:
    """What one call has used and what that costs.

    Args:
        prices: The rates.
        clock: Monotonic, in seconds.
    """

    def __init__(self, prices: PriceBook, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._prices = prices
        self._clock = clock
        self._usage: dict[Model, Usage] = {}
        self._models_cost = Cost()
        self._spent: deque[tuple[float, Decimal]] = deque()
        self._telephone_since_s: float | None = None
        self._listeners: list[OnCost] = []

    @property
    def cost(self) -> Cost:
        """Of the call so far, the telephone line included."""
        return self._models_cost + self._telephone_cost()

    @property
    def usage(self) -> Mapping[Model, Usage]:
        """What each model has used so far."""
        return self._usage

    @property
    def price_version(self) -> str:
        """Which prices these are."""
        return self._prices.version

    @property
    def usd_per_min(self) -> Decimal:
        """What the last minute has cost, without the line."""
        oldest_s = self._clock() - RATE_OVER_S
        while self._spent and self._spent[0][0] < oldest_s:
            self._spent.popleft()
        return sum((usd for _, usd in self._spent), Decimal(0))

    def on_cost(self, listener: OnCost) -> None:
        """Tell somebody of each thing used from now on."""
        self._listeners.append(listener)

    def listen(self, model: Measured | None) -> None:
        """Count what this model uses from now on."""
        if model is not None:
            model.on("metrics_collected", self.note)

    def note(self, metrics: AgentMetrics) -> None:
        """Count what was measured of one request."""
        found = metered(metrics)
        if found is not None:
            self.count(*found)

    def count(self, model: Model, usage: Usage) -> None:
        """Count what was used of a model."""
        self._usage[model] = self._usage.get(model, Usage()) + usage
        cost = self._prices.cost_of(model, usage)
        if new := cost.unpriced - self._models_cost.unpriced:
            logger.warning("a model has no price", extra={"model": ",".join(sorted(new))})
        self._models_cost += cost
        self._spent.append((self._clock(), cost.usd))
        event = self._change(model, usage, cost)
        for listener in self._listeners:
            listener(event)

    def telephone_begins(self) -> None:
        """The caller is on a telephone, from now to the end of the call."""
        if self._telephone_since_s is None:
            self._telephone_since_s = self._clock()
            if self._prices.telephone is None:
                logger.warning("a line has no price", extra={"model": TELEPHONE})

    def telephone(self) -> CostChanged | None:
        """The line as it would be billed if it ended now; None for a call without one."""
        if self._telephone_since_s is None:
            return None
        return self._change(
            Model("", TELEPHONE), Usage(audio_s=self._line_s()), self._telephone_cost()
        )

    def report(self) -> None:
        """Write the bill to the log."""
        cost = self.cost
        logger.info(
            "cost of the call",
            extra={
                "usd": f"{cost.usd:.6f}",
                "unpriced": ",".join(sorted(cost.unpriced)),
                "prices": self._prices.version,
            },
        )

    def _telephone_cost(self) -> Cost:
        if self._telephone_since_s is None:
            return Cost()
        return self._prices.telephone_cost(self._line_s())

    def _line_s(self) -> Decimal:
        since_s = self._telephone_since_s
        return Decimal(0) if since_s is None else Decimal(f"{self._clock() - since_s:.3f}")

    def _change(self, model: Model, usage: Usage, cost: Cost) -> CostChanged:
        return CostChanged(
            model, usage, cost.usd, self.cost, self.usd_per_min, self._prices.version
        )
