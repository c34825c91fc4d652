"""`python agent.py link`: a link that lets somebody call for a while."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from agent.call.options import CallOptions
from agent.errors import CallOptionsError
from agent.settings import AdmissionSettings
from agent.web.admission.admitted import Admitted
from agent.web.admission.link import make_link_value

DEFAULT_HOURS = 24.0
MAX_HOURS = 24.0 * 366


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; where it cannot be, that is told and the process exits."""
    parser = argparse.ArgumentParser(
        prog="agent.py link",
        description="Print a link to the page with which somebody may call until it expires.",
    )
    parser.add_argument(
        "--url", type=_url, default="http://127.0.0.1:8000/", help="where the page is served"
    )
    parser.add_argument(
        "--hours", type=_hours, default=DEFAULT_HOURS, help="how long it is valid (default: 24)"
    )
    parser.add_argument("--user", default="", help="who it is for; the agent's tools know of it")
    parser.add_argument("--tenant", default="", help="on whose account they call")
    parser.add_argument("--persona", help="whom they reach, whatever the page asks for")
    parser.add_argument("--pipeline", choices=["realtime", "cascade"])
    parser.add_argument("--language", help="such as de or pt-BR")
    parser.add_argument("--voice")
    options = parser.parse_args(arguments)
    try:
        options.admitted = _admitted(options)
    except (CallOptionsError, ValueError) as error:
        parser.error(str(error))
    return options


def run(options: argparse.Namespace, settings: AdmissionSettings) -> int:
    """Print the link; returns the exit code."""
    if not settings.link_keys:
        sys.stderr.write(
            "PARLEY_LINK_KEYS is not set: choose a secret of 32 characters or more for the web"
            " server and for this command.\n"
        )
        return 1
    key = settings.link_keys[0].get_secret_value()
    value = make_link_value(options.admitted, key, lasts=timedelta(hours=options.hours))
    # In the fragment, which browsers send to nobody and servers do not log.
    print(f"{options.url}#pass={value}")  # noqa: T201 - for the person at the terminal
    return 0


def _admitted(options: argparse.Namespace) -> Admitted:
    chosen = {name: getattr(options, name) for name in ("persona", "pipeline", "language", "voice")}
    return Admitted(
        user=options.user.strip(),
        tenant=options.tenant,
        options=CallOptions.known({name: value for name, value in chosen.items() if value}),
    )


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise argparse.ArgumentTypeError("must be an http or https URL without a fragment")
    return text


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= MAX_HOURS:
        raise argparse.ArgumentTypeError("must be more than 0, and a year at most")
    return hours
