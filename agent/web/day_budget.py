"""Whether a call may begin, by what all calls of the day and of its tenant have spent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from agent.call.spending import Spending, Spent
from agent.settings import CostSettings
from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

FRESH_S = 2.0
"""Calls add what they spend every few seconds."""
MAX_TENANTS = 1_000
STORE_LIMIT_S = 1.0


class DayBudget:
    """The budgets of a day, as a token is asked for. Every call looks again for itself, and so a
    database that does not answer keeps nobody out here.

    Args:
        settings: The limits.
        spending_of: What all calls spend, and those of one tenant; None for a call without.
        zone: Of the business, on whose clock days begin.
        now: The time.
    """

    def __init__(
        self,
        settings: CostSettings,
        spending_of: Callable[[str | None], Spending],
        zone: ZoneInfo,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = settings
        self._spending_of = spending_of
        self._zone = zone
        self._now = now or (lambda: datetime.now(zone))
        self._known: OrderedDict[str | None, tuple[float, Spent]] = OrderedDict()
        self._is_away = False

    async def require(self, tenant: str = "") -> None:
        """Return if there is something left for a call of this tenant.

        Raises:
            Refusal: 503 until the next day.
        """
        whose = tenant or None
        day_usd, tenant_usd = self._settings.day_usd, self._settings.of_tenant(whose)
        if day_usd is None and tenant_usd is None:
            return
        spent = await self._spent(whose)
        if day_usd is not None and spent.day_usd >= day_usd:
            raise self._refusal("No more calls are taken today.")
        if tenant_usd is not None and spent.tenant_usd >= tenant_usd:
            raise self._refusal("No more calls are taken today for your account.")

    async def _spent(self, tenant: str | None) -> Spent:
        read_s, spent = self._known.get(tenant, (-FRESH_S, Spent()))
        if time.monotonic() - read_s < FRESH_S:
            return spent
        try:
            async with asyncio.timeout(STORE_LIMIT_S):
                spent = await self._spending_of(tenant).so_far()
            self._is_away = False
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not self._is_away:
                kind = type(error).__name__  # alone: the message may hold the address
                logger.warning("spending is not known", extra={"error": kind})
            self._is_away = True
        self._known[tenant] = (time.monotonic(), spent)
        if len(self._known) > MAX_TENANTS:
            self._known.popitem(last=False)
        return spent

    def _refusal(self, sentence: str) -> Refusal:
        now = self._now()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        # Across a change of the clocks a day has other than 24 hours, so both as moments.
        wait_s = midnight.timestamp() - now.timestamp()
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "budget_spent",
            f"{sentence} Please call again tomorrow.",
            retry_after_s=max(1, round(wait_s)),
        )
