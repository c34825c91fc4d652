"""What a worker reads and checks before it takes calls, so that no call finds a fault."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from agent.answers import check_answers
from agent.bootstrap.webhooks import check_publishing
from agent.call.knowledge import Passage
from agent.call.prices import PriceBook
from agent.cost.catalogue import load_prices
from agent.errors import ParleyError, SettingsError
from agent.guardrails.policy import Policy, load_policy
from agent.personas import Roster, load_roster, renewed
from agent.personas.collection import COLLECTION_TOOLS
from agent.pipeline.cascade import check_providers
from agent.pipeline.connections import check_certificates
from agent.pipeline.parts import chosen
from agent.pipeline.realtime import REALTIME_PROVIDERS
from agent.records.redaction import build_redaction
from agent.records.sealing import build_sealing
from agent.services.knowledge import read_passages
from agent.services.opening_hours import build_hours
from agent.services.orders_file import orders_at_start
from agent.services.storage.engine import Database, checked_url
from agent.services.storage.orders import import_orders
from agent.services.tool_file import ToolFile, load_tool_file
from agent.settings import Settings
from tools.catalogue import CATALOGUE

logger = logging.getLogger(__name__)

TOOL_MARGIN_S = 2.0
"""A tool gives up by itself this much before supervision takes it for stuck."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read and found to be in order when the worker started. It travels to job processes
    as it is.
    """

    personas: Roster
    tool_file: ToolFile
    policy: Policy
    prices: PriceBook
    passages: tuple[Passage, ...] = field(repr=False)
    """What callers may ask about. The index over them is made in each process: it does not travel.
    """


def check_buildable(settings: Settings) -> Checked:
    """See that what the settings name is there and can be used: a wrong name is a fault at start,
    not in a call.

    Raises:
        SettingsError: with every fault, by variable.
    """
    found = _Faults()
    policy = found.of(lambda: load_policy(settings.guardrails.file))
    tool_file = found.of(
        lambda: load_tool_file(settings.tool_file, taken=(*CATALOGUE, *COLLECTION_TOOLS))
    )
    personas = None
    # What refers to a file that is at fault itself is no fault of its own.
    if policy is not None and tool_file is not None:
        personas = found.of(lambda: _personas(settings, tool_file, policy))
        found.lines += _slow_tools(settings, tool_file)
    passages = found.of(lambda: read_passages(settings.knowledge.folder))
    prices = found.of(lambda: load_prices(settings))
    found.of(lambda: build_hours(settings.business))
    found.of(lambda: orders_at_start(settings.business, settings.environment))
    found.of(lambda: checked_url(settings.database))
    found.of(lambda: check_answers(settings.tool_calls.answers_folder))
    found.of(lambda: build_redaction(settings.privacy))
    found.of(lambda: build_sealing(settings.privacy))
    found.of(lambda: check_publishing(settings))
    found.of(check_certificates)
    found.of(lambda: check_providers(settings.cascade))
    found.of(
        lambda: chosen(REALTIME_PROVIDERS, settings.realtime.provider, "PARLEY_REALTIME_PROVIDER")
    )
    if policy is None or personas is None or tool_file is None or passages is None:
        raise SettingsError(found.lines)
    if found.lines or prices is None:
        raise SettingsError(found.lines)
    return Checked(personas, tool_file, policy, prices, passages)


def renew_personas(settings: Settings, checked: Checked) -> Roster:
    """The personas as their files are now, in development; else, or if these cannot be used, the
    ones that were checked.
    """
    if settings.environment != "development":
        return checked.personas
    names = _tool_names(checked.tool_file)
    changed = renewed(checked.personas, settings.personas.folder, tools=names)
    if faults := list(_unknown_rules(changed, checked.policy)):
        logger.warning("the personas stay as they were: %s", "; ".join(faults))
        return checked.personas
    return changed


async def store_orders(settings: Settings) -> None:
    """Put the operator's orders into the database. Where it cannot be reached, callers hear of the
    orders that are there already: that is no reason to take no calls.
    """
    rows = orders_at_start(settings.business, settings.environment)
    if not rows:
        return
    database = Database(settings.database)
    try:
        await import_orders(database, rows)
    except (SQLAlchemyError, OSError) as error:
        kind = type(error).__name__  # alone: the message may hold the address
        logger.warning("the orders could not be stored", extra={"error": kind})
    finally:
        await database.aclose()


def _personas(settings: Settings, tool_file: ToolFile, policy: Policy) -> Roster:
    roster = load_roster(settings.personas.folder, tools=_tool_names(tool_file))
    faults = list(_unknown_rules(roster, policy))
    try:
        roster.find(settings.call.persona)
    except ParleyError as error:
        faults.append(f"PARLEY_PERSONA: {error}")
    if faults:
        raise SettingsError(faults)
    return roster


def _tool_names(tool_file: ToolFile) -> frozenset[str]:
    return frozenset({*CATALOGUE, *COLLECTION_TOOLS, *tool_file.names})


def _unknown_rules(roster: Roster, policy: Policy) -> Iterator[str]:
    for persona in roster.personas.values():
        for name in policy.unknown(persona.guardrails or ()):
            yield f"PARLEY_PERSONAS_DIR: {persona.source}: guardrails: there is no rule {name}"


def _slow_tools(settings: Settings, tool_file: ToolFile) -> Iterator[str]:
    of_servers = [item for server in tool_file.mcp for item in server.tools.items()]
    declared = [(entry.name, entry) for entry in tool_file.http] + of_servers
    own = ((name, entry.timeout_s, entry.background) for name, entry in declared)
    ours = ((t.name, t.policy.timeout_s, t.policy.background) for t in CATALOGUE.values())
    limit_s = settings.supervision.tool_limit_s - TOOL_MARGIN_S
    slow = [name for name, timeout_s, aside in (*ours, *own) if timeout_s > limit_s and not aside]
    if slow:
        yield (
            f"PARLEY_TOOL_LIMIT_S: must be {TOOL_MARGIN_S:.0f} s above the timeout of every tool"
            f" that is not run in the background; it is not for {', '.join(slow)}"
        )


_Read = TypeVar("_Read")


class _Faults:
    """Gathers what several readers find."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def of(self, read: Callable[[], _Read]) -> _Read | None:
        """What was read; None where it has faults."""
        try:
            return read()
        except SettingsError as error:
            self.lines += error.faults
            return None
