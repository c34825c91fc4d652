"""`python agent.py webhooks replay`: dead letters are sent again. Also makes secrets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agent.publishing.dead_letters import DeadLetters, Letter, endpoint_of
from agent.publishing.sending import GivenUp

Send = Callable[[str, str, bytes], Awaitable[None]]
"""Sender.send: URL, message id, body."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for; where it cannot be, that is told and the process exits."""
    parser = argparse.ArgumentParser(prog="agent.py webhooks", description="Webhooks.")
    kinds = parser.add_subparsers(dest="webhooks_command", required=True)
    kinds.add_parser("replay", help="send again what no receiver took")
    kinds.add_parser("new-secret", help="make a secret for PARLEY_WEBHOOK_SECRETS")
    return parser.parse_args(arguments)


async def replay(dead_letters: DeadLetters, urls: Sequence[str], send: Send) -> int:
    """Send all dead letters again, in order; returns how many are left. A receiver that does not
    take one is left alone for the rest of it. Letters for a URL that is not configured stay.
    """
    where = {endpoint_of(url): url for url in urls}
    try:
        with dead_letters.claimed() as letters:
            left = await _sent(letters, where, send)
            letters[:] = left
    except BlockingIOError:
        sys.stderr.write("Somebody else is sending them at this moment.\n")
        return 1
    return len(left)


async def _sent(letters: Sequence[Letter], where: Mapping[str, str], send: Send) -> list[Letter]:
    """Those that were not taken."""
    left: list[Letter] = []
    resting: set[str] = set()
    for letter in letters:
        url = where.get(letter.endpoint)
        if url is None or letter.endpoint in resting:
            left.append(letter)
            continue
        try:
            await send(url, letter.message_id, letter.body.encode())
        except GivenUp as error:
            left.append(letter)
            if not error.refused or error.gone:
                resting.add(letter.endpoint)
    told = f"{len(letters) - len(left)} of {len(letters)} dead letters were taken."
    unknown = sum(letter.endpoint not in where for letter in left)
    more = f" {unknown} are for URLs that PARLEY_WEBHOOK_URLS does not have." if unknown else ""
    sys.stdout.write(f"{told}{more}\n")
    return left
