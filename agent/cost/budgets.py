"""The limits that a call draws on: its own, its day's and its tenant's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agent.call.cost import micro_usd, usd_of
from agent.call.events import BudgetName, BudgetReached, OnBudget
from agent.call.spending import Spending, Spent
from agent.cost.meter import Meter

logger = logging.getLogger(__name__)

WARN_AT = Decimal("0.8")
FLUSH_S = 5.0
"""Between two looks at what all calls have spent. A killed process loses what it had not added."""
STORE_LIMIT_S = 3.0

ON_STORE: tuple[type[Exception], ...] = (TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Limits:
    """In US dollars; None for no limit."""

    call_usd: Decimal | None = None
    day_usd: Decimal | None = None
    tenant_usd: Decimal | None = None
    """Of the call's tenant, for a day."""

    @property
    def are_shared(self) -> bool:
        """Whether other calls draw on them too."""
        return self.day_usd is not None or self.tenant_usd is not None


class Budgets:
    """Watches what one call spends, and adds it to what all calls spend.

    A database that does not answer ends no call: what could not be added is added later, and until
    then this call knows the others' spending as of its last look. An answer that was lost may be
    added twice, which errs on the side of the limit.

    Args:
        limits: The limits.
        meter: What the call spends.
        spending: What all calls spend; None where no limit is shared.
        store_errors: What `spending` raises while its database is away.
    """

    def __init__(
        self,
        limits: Limits,
        meter: Meter,
        spending: Spending | None = None,
        *,
        store_errors: tuple[type[Exception], ...] = ON_STORE,
        flush_s: float = FLUSH_S,
    ) -> None:
        self._limits = limits
        self._meter = meter
        self._spending = spending if limits.are_shared else None
        self._store_errors = store_errors
        self._flush_s = flush_s
        self._added_micro_usd = 0
        self._others = Spent()
        self._told: set[tuple[BudgetName, bool]] = set()
        self._listeners: list[OnBudget] = []
        self._over: Callable[[], None] | None = None
        self._is_away = False
        self._running: asyncio.Task[None] | None = None
        meter.on_cost(lambda _: self._look())

    def on_budget(self, listener: OnBudget) -> None:
        """Tell somebody of each budget that is nearly spent, and of each that is."""
        self._listeners.append(listener)

    async def refuse_call(self) -> bool:
        """Whether a call must not begin, because its day's or its tenant's budget is spent."""
        if self._spending is None:
            return False
        await self._add(0)
        return any(spent >= limit for _, spent, limit in self._shared())

    def start(self, over: Callable[[], None]) -> None:
        """Watch from now on; `over` is called once, when a budget is spent."""
        self._over = over
        self._running = asyncio.create_task(self._run(), name="budgets.run")
        self._look()

    async def aclose(self) -> None:
        """Add what is left. The database must still be open."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._meter.report()
        if self._spending is not None and self._unadded():
            await self._add(self._unadded())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._flush_s)
            if self._spending is not None:
                await self._add(self._unadded())
            self._look()

    async def _add(self, micro: int) -> None:
        if self._spending is None:
            return
        try:
            async with asyncio.timeout(STORE_LIMIT_S):
                adding = self._spending.add(micro) if micro else self._spending.so_far()
                self._others = await adding
        except self._store_errors as error:
            if not self._is_away:  # once, not every few seconds
                logger.warning("spending is not known", extra={"error": type(error).__name__})
            self._is_away = True
            return
        self._is_away = False
        self._added_micro_usd += micro

    def _unadded(self) -> int:
        return max(0, micro_usd(self._meter.cost.usd) - self._added_micro_usd)

    def _shared(self) -> list[tuple[BudgetName, Decimal, Decimal]]:
        own = usd_of(self._unadded())
        known: Mapping[BudgetName, tuple[Decimal, Decimal | None]] = {
            "day": (self._others.day_usd + own, self._limits.day_usd),
            "tenant": (self._others.tenant_usd + own, self._limits.tenant_usd),
        }
        return [(name, spent, limit) for name, (spent, limit) in known.items() if limit is not None]

    def _look(self) -> None:
        drawn = self._shared()
        if self._limits.call_usd is not None:
            drawn.append(("call", self._meter.cost.usd, self._limits.call_usd))
        for name, spent, limit in drawn:
            if spent >= limit:
                self._tell(BudgetReached(name, spent, limit, is_spent=True))
            elif spent >= limit * WARN_AT:
                self._tell(BudgetReached(name, spent, limit, is_spent=False))

    def _tell(self, event: BudgetReached) -> None:
        if (event.budget, event.is_spent) in self._told:
            return
        self._told.add((event.budget, event.is_spent))
        logger.warning(
            "a budget is spent" if event.is_spent else "a budget is nearly spent",
            extra={
                "budget": event.budget,
                "spent_usd": f"{event.spent_usd:.6f}",
                "limit_usd": str(event.limit_usd),
            },
        )
        for listener in self._listeners:
            listener(event)
        if event.is_spent and self._over is not None:
            over, self._over = self._over, None
            over()
