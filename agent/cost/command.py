"""`python agent.py cost-estimate`: a table of what calls cost, and of what that assumes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import TextIO

from agent.call.prices import PriceBook
from agent.cost.catalogue import load_prices
from agent.cost.estimate import MEANING, Assumptions, Estimate, estimate
from agent.cost_profiles import PROFILES
from agent.errors import SettingsError
from agent.settings import Pipeline, exit_with_faults, load_settings

PIPELINES: tuple[Pipeline, ...] = ("cascade", "realtime")
MINUTES = (5, 60)
_UNUSED = {
    # An estimate connects to nothing.
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "none",
    "LIVEKIT_API_SECRET": "none",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; where it cannot be, that is told and the process exits."""
    parser = argparse.ArgumentParser(
        prog="agent.py cost-estimate", description="What calls of this worker would cost."
    )
    add_options(parser)
    return parser.parse_args(arguments)


def add_options(parser: argparse.ArgumentParser) -> None:
    """One option for each assumption, and the profile."""
    parser.add_argument("--profile", choices=sorted(PROFILES), help="PARLEY_COST_PROFILE")
    for assumption in fields(Assumptions):
        name = "--" + assumption.name.replace("_", "-")
        about = f"{assumption.metadata[MEANING]} (default {assumption.default})"
        if isinstance(assumption.default, bool):
            parser.add_argument(name, action="store_true", help=about)
        else:
            read = int if isinstance(assumption.default, int) else _amount
            parser.add_argument(name, type=read, default=assumption.default, help=about)


def run(
    options: argparse.Namespace,
    environ: Mapping[str, str] = os.environ,
    out: TextIO = sys.stdout,
) -> int:
    """Print the table for the worker of this environment; returns the exit code. Wrong settings
    exit with code 2.
    """
    given = {**_UNUSED, **environ, "PARLEY_ENV": "development"}
    if options.profile:
        given["PARLEY_COST_PROFILE"] = options.profile
    try:
        settings = load_settings(given, calls_providers=False)
        prices = load_prices(settings)
    except SettingsError as error:
        exit_with_faults(error)
    assumed = Assumptions(**{f.name: getattr(options, f.name) for f in fields(Assumptions)})
    calls = [
        estimate(settings, prices, pipeline, minutes, assumed)
        for pipeline in PIPELINES
        for minutes in MINUTES
    ]
    out.write("\n".join(_lines(calls, prices, assumed, settings.cost.profile)) + "\n")
    return 0


def _lines(
    calls: list[Estimate], prices: PriceBook, assumed: Assumptions, profile: str
) -> Iterator[str]:
    yield f"Profile {profile}, prices {prices.version}, US dollars:"
    yield ""
    yield "| pipeline | length | cost | a minute | of which |"
    yield "|---|---|---|---|---|"
    for call in calls:
        usd = call.total.usd
        parts = ", ".join(_part(name, cost.usd) for name, cost in call.parts.items())
        length = "1 hour" if call.minutes == 60 else f"{call.minutes} min"
        yield f"| {call.pipeline} | {length} | ${usd:.2f} | ${usd / call.minutes:.3f} | {parts} |"
    unpriced = sorted({name for call in calls for name in call.total.unpriced})
    if unpriced:
        yield ""
        yield f"Without a price, and so left out: {', '.join(unpriced)}."
    yield ""
    yield "Assumed (each can be changed by its option):"
    for assumption in fields(assumed):
        option = "--" + assumption.name.replace("_", "-")
        value = getattr(assumed, assumption.name)
        yield f"- {assumption.metadata[MEANING]}: {value} ({option})"


def _part(name: str, usd: Decimal) -> str:
    return f"{name} ${usd:.3f}"


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError("is no number") from None
    if not (amount.is_finite() and 0 <= amount <= 1_000_000):
        raise argparse.ArgumentTypeError("must be between 0 and 1000000")
    return amount
