"""Who is told of calls while they last."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr

from agent.settings.forms import CommaList, Group, split_commas, var


class EventSettings(Group):
    """Who is told what happens in a call, besides its record."""

    topic: bool = var("PARLEY_EVENTS", True)
    """Whether the caller's client and operators in the room are, on topic `parley.events`."""
    cost: bool = var("PARLEY_EVENTS_COST", False)
    """Whether the caller's client is told what the call costs."""
    listeners: CommaList = var("PARLEY_LISTENERS", ())
    """Functions of the operator's, as `package.module:function`."""


class WebhookSettings(Group):
    """Requests to the operator's own servers."""

    urls: Annotated[tuple[SecretStr, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_WEBHOOK_URLS", ()
    )
    """Secret, because some services have their key in it."""
    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_WEBHOOK_SECRETS", ()
    )
    events: CommaList = var("PARLEY_WEBHOOK_EVENTS", ())
    """Which are sent; empty for `agent.publishing.webhooks.USUAL`."""
    allow_hosts: CommaList = var("PARLEY_WEBHOOK_ALLOW_HOSTS", ())
    """Hosts with their port that may be anywhere, and need no https."""
    try_s: float = var("PARLEY_WEBHOOK_TIMEOUT_S", 10.0, ge=0.1, le=60)
    """For one request."""
    give_up_s: float = var("PARLEY_WEBHOOK_GIVE_UP_S", 60.0, ge=1, le=600)
    """For all tries at one event."""
    dead_letters: Path = var("PARLEY_WEBHOOK_DEAD_LETTERS", Path("data/webhooks/dead.jsonl"))
    """Where is kept what nobody took."""
