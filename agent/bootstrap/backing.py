"""What the tools and guardrails of one call reach the outside with."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.bootstrap.plan import CallPlan
from agent.bootstrap.start import Checked
from agent.call.knowledge import KnowledgeBase
from agent.call.ledger import Ledger
from agent.call.prices import PriceBook
from agent.call.services import Services
from agent.call.spending import Spending
from agent.call.tool import Tool
from agent.guardrails.guardrails import Background
from agent.guardrails.leaks import Secrets, secret_values
from agent.services.opening_hours import build_hours
from agent.services.storage.appointments import SqlAppointmentBook
from agent.services.storage.engine import Database
from agent.services.storage.ledger import SqlLedger
from agent.services.storage.messages import SqlMessageBox
from agent.services.storage.orders import SqlOrderBook
from agent.services.storage.spending import SqlSpending
from agent.services.tool_file import OwnTools
from agent.services.weather import Weather
from agent.settings import Settings


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands behind one call; see `open_backing`."""

    services: Services
    ledger: Ledger
    own_tools: Mapping[str, Tool | None]
    """The operator's; None for one that cannot be had now."""
    guardrails: Background | None
    """None where they are switched off."""
    prices: PriceBook = field(default_factory=PriceBook)
    spending: Spending | None = None
    """What all calls spend; None where nobody keeps it."""


async def open_backing(
    settings: Settings,
    checked: Checked,
    plan: CallPlan,
    *,
    database: Database,
    call_id: str,
    knowledge: KnowledgeBase,
    certificates: ssl.SSLContext,
    closing: AsyncExitStack,
) -> Backing:
    """The backing of one call. The operator's MCP servers are started, nothing else is connected.

    Args:
        settings: The worker's.
        checked: What was read when it started.
        plan: The call.
        database: The call's; it is not closed here.
        call_id: The call's name in the ledger.
        knowledge: What callers may ask about.
        certificates: Those that are trusted.
        closing: Closes it, after the call.
    """
    weather = Weather(settings.weather)
    closing.push_async_callback(weather.aclose)
    own_tools = OwnTools(checked.tool_file, certificates)
    closing.push_async_callback(own_tools.aclose)
    hours = build_hours(settings.business)
    business = settings.business
    services = Services(
        weather=weather,
        appointments=SqlAppointmentBook(database, hours, length_min=business.appointment_min),
        hours=hours,
        orders=SqlOrderBook(database),
        knowledge=knowledge,
        messages=SqlMessageBox(database, phone_region=business.phone_region),
    )
    return Backing(
        services,
        SqlLedger(database, call_id),
        await own_tools.open(plan.tool_names),
        _background(settings, checked) if settings.guardrails.enabled else None,
        checked.prices,
        _spending(settings, plan, database),
    )


def _spending(settings: Settings, plan: CallPlan, database: Database) -> Spending:
    time_zone = ZoneInfo(settings.business.time_zone)
    return SqlSpending(database, plan.tenant, lambda: datetime.now(time_zone).date())


def _background(settings: Settings, checked: Checked) -> Background:
    return Background(
        checked.policy, Secrets(secret_values(settings)), settings.business.phone_region
    )
