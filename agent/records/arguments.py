"""What `python agent.py calls` takes; apart, so that its help needs no database's libraries."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

_Kinds: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; where it cannot be, that is told and the process exits."""
    parser = argparse.ArgumentParser(
        prog="agent.py calls", description="The records of calls: read, counted, kept, erased."
    )
    kinds = parser.add_subparsers(dest="calls_command", required=True)
    _add_reading(kinds)
    _add_keeping(kinds)
    return parser.parse_args(arguments)


def _add_reading(kinds: _Kinds) -> None:
    listing = kinds.add_parser("list", help="the calls there were, the latest first")
    listing.add_argument("--caller", help="an identity, or a telephone number as +4930123456")
    listing.add_argument("--since", type=_moment, help="such as 2026-03-02 or 2026-03-02T12:00")
    listing.add_argument("--before", type=_moment)
    listing.add_argument("--state", choices=["open", "closed", "lost"])
    listing.add_argument("--reason", help="why they ended")
    listing.add_argument("--text", help="what was said in them")
    listing.add_argument("--limit", type=int, default=50)
    listing.add_argument("--json", action="store_true", help="a JSON object on each line")
    show = kinds.add_parser("show", help="one call, in order")
    show.add_argument("id")
    export = kinds.add_parser("export", help="one call for other programs, or its sound")
    export.add_argument("id")
    export.add_argument("--format", choices=["json", "csv", "vtt", "ogg"], default="json")
    stats = kinds.add_parser("stats", help="how calls went, in numbers")
    stats.add_argument("--since", type=_moment, help="only calls that began then or later")
    stats.add_argument("--before", type=_moment)
    stats.add_argument("--json", action="store_true")
    audit = kinds.add_parser("audit", help="who read, exported or deleted what, the latest first")
    audit.add_argument("--since", type=_moment)
    audit.add_argument("--limit", type=int, default=100)


def _add_keeping(kinds: _Kinds) -> None:
    erase = kinds.add_parser("erase", help="delete every trace of a caller, or of a call")
    whose = erase.add_mutually_exclusive_group(required=True)
    whose.add_argument("--caller", help="an identity, or a telephone number written anyhow")
    whose.add_argument("--call", help="the id of one call")
    erase.add_argument("--yes", action="store_true", help="without asking")
    kinds.add_parser("expire", help="delete what is older than PARLEY_KEEP_… says, as workers do")
    kinds.add_parser("reseal", help="encrypt all with the first of PARLEY_RECORDS_KEYS")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
