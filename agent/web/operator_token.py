"""`python agent.py operator-token`: a token for somebody who reads records of calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from agent.settings import OperatorSettings
from agent.web.operators import MAX_NAME_LENGTH, RIGHTS, Operator, make_token

DEFAULT_HOURS = 8.0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; where it cannot be, that is told and the process exits."""
    parser = argparse.ArgumentParser(
        prog="agent.py operator-token",
        description="Print a token with which somebody may read the records of calls at /calls.",
    )
    parser.add_argument(
        "--sub", required=True, type=_name, help="who it is for; stands in the audit log"
    )
    parser.add_argument("--role", required=True, choices=list(RIGHTS))
    parser.add_argument(
        "--hours", type=_hours, default=DEFAULT_HOURS, help="how long it is valid (default: 8)"
    )
    return parser.parse_args(arguments)


def run(options: argparse.Namespace, settings: OperatorSettings) -> int:
    """Print the token; returns the exit code."""
    if settings.secret is None:
        sys.stderr.write(
            "PARLEY_OPERATOR_SECRET is not set: choose a secret of 32 characters or more for the"
            " web server and for this command.\n"
        )
        return 1
    lasts = timedelta(hours=options.hours)
    secret = settings.secret.get_secret_value()
    print(make_token(Operator(options.sub, options.role), secret, lasts=lasts))  # noqa: T201
    return 0


def _name(text: str) -> str:
    if not text.isprintable() or not 0 < len(text.strip()) <= MAX_NAME_LENGTH:
        raise argparse.ArgumentTypeError(f"must be a name of 1 to {MAX_NAME_LENGTH} characters")
    return text.strip()


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= 24 * 366:
        raise argparse.ArgumentTypeError("must be more than 0, and a year at most")
    return hours
