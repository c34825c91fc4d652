"""What stands between a request and a call: who asks, how often, at what cost, and who answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.services.storage.engine import Database
from agent.services.storage.spending import SqlSpending
from agent.services.storage.workers import SqlDutyRoster
from agent.settings import Settings
from agent.web.admission import Admission, Limited, RateLimits, build_rule
from agent.web.admission.address import ClientAddress
from agent.web.admission.rates import Quota
from agent.web.day_budget import DayBudget
from agent.web.vacancy import Vacancy

WITHIN_CALL = ("120/minute",)
"""Requests of a call that has begun: to come back to it, or for the tools of one that a browser
makes by itself."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The checks that a call passes, in this order."""

    calls: Admission
    """Who may begin a call."""
    within_call: Admission
    """Who may come back to a call, or ask for something in it, which is more often."""
    budget: DayBudget
    vacancy: Vacancy | None
    """None where it is not checked."""
    database: Database

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """As long as the server runs."""
        try:
            yield
        finally:
            await self.database.aclose()


def build_doors(settings: Settings, rule: Admission | None = None) -> Doors:
    """The doors; nothing is connected yet.

    Args:
        settings: Of the web server.
        rule: Who may call. Default: what the settings say.

    Raises:
        SettingsError: they do not say it, or the database cannot be used.
    """
    rule = rule or build_rule(settings)
    rates, limits = settings.rates, RateLimits(settings.rates)
    address = ClientAddress(rates.trusted_proxies)
    database = Database(settings.database)
    zone = ZoneInfo(settings.business.time_zone)

    def spending_of(tenant: str | None) -> SqlSpending:
        return SqlSpending(database, tenant, lambda: datetime.now(zone).date())

    roster = SqlDutyRoster(database, settings.livekit.agent_name)
    # Who switches the rates off has his reasons for all of them.
    within = WITHIN_CALL if rates.address else (), WITHIN_CALL if rates.user else ()
    return Doors(
        calls=Limited(rule, limits, Quota.of("calls", rates.address, rates.user), address),
        within_call=Limited(rule, limits, Quota.of("within", *within), address),
        budget=DayBudget(settings.cost, spending_of, zone),
        vacancy=Vacancy(roster) if settings.admission.check_workers else None,
        database=database,
    )
