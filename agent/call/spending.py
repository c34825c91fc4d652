"""What all calls together have spent, so that limits hold over all workers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars that all calls have spent today."""

    day_usd: Decimal = Decimal(0)
    tenant_usd: Decimal = Decimal(0)
    """By calls of this call's tenant alone."""


class Spending(Protocol):
    """The sums of one call's day and tenant."""

    async def so_far(self) -> Spent:
        """Today's sums."""
        ...

    async def add(self, micro_usd: int) -> Spent:
        """Add what this call has spent; returns the sums after that."""
        ...
