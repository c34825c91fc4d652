"""Webhooks as the settings ask for them, and whether they and listeners can be had."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import httpx2

from agent.errors import SettingsError
from agent.pipeline.connections import load_certificates
from agent.publishing.dead_letters import DeadLetters
from agent.publishing.events import EVENT_NAMES
from agent.publishing.listeners import VARIABLE, find_listeners
from agent.publishing.replay import replay
from agent.publishing.sending import Pace, Sender
from agent.publishing.signing import Signing
from agent.publishing.webhooks import USUAL, Webhooks
from agent.records.sealing import build_sealing
from agent.services.tool_file.egress import AllowList, Transport
from agent.settings import PrivacySettings, Settings, WebhookSettings


def check_publishing(settings: Settings) -> None:
    """See that all can be told who are to be.

    Raises:
        SettingsError: with every fault, by variable; never with an address or a secret.
    """
    faults = list(webhook_faults(settings.webhooks))
    try:
        find_listeners(settings.events.listeners)
    except ValueError as error:
        faults.append(f"{VARIABLE}: {error}")
    if faults:
        raise SettingsError(faults)


def build_webhooks(settings: Settings, client: httpx2.AsyncClient) -> Webhooks:
    """The webhooks of one call; they need a running loop."""
    asked = settings.webhooks
    return Webhooks(
        [url.get_secret_value() for url in asked.urls],
        asked.events or USUAL,
        webhook_sender(asked, client),
        dead_letters_of(asked, settings.privacy),
    )


def webhook_client(settings: WebhookSettings, certificates: ssl.SSLContext) -> httpx2.AsyncClient:
    """Connects to the configured hosts at their public addresses, and where the operator allows by
    port; follows no redirect.
    """
    return httpx2.AsyncClient(
        transport=Transport(_allowed(settings), certificates),
        follow_redirects=False,
        trust_env=False,
    )


def webhook_sender(settings: WebhookSettings, client: httpx2.AsyncClient) -> Sender:
    """Signs with the configured secrets, and is as patient as configured."""
    secrets = [secret.get_secret_value() for secret in settings.secrets]
    pace = Pace(try_s=settings.try_s, give_up_s=settings.give_up_s)
    return Sender(client, Signing(secrets), pace)


async def replay_dead_letters(settings: WebhookSettings, privacy: PrivacySettings) -> int:
    """Send again what no receiver took; returns how many letters are left.

    Raises:
        SettingsError: the settings cannot be used.
        SealingError: the letters are sealed with another key.
        OSError: they cannot be read or written.
    """
    if faults := webhook_faults(settings):
        raise SettingsError(faults)
    async with webhook_client(settings, load_certificates()) as client:
        sender = webhook_sender(settings, client)
        urls = [url.get_secret_value() for url in settings.urls]
        return await replay(dead_letters_of(settings, privacy), urls, sender.send)


def dead_letters_of(settings: WebhookSettings, privacy: PrivacySettings) -> DeadLetters:
    """Sealed as records are."""
    sealing = build_sealing(privacy)
    return DeadLetters(settings.dead_letters, seal=sealing.seal, unseal=sealing.unseal)


def webhook_faults(settings: WebhookSettings) -> list[str]:
    """What is wrong with these, by variable."""
    faults = []
    try:
        allowed = _allowed(settings)
    except ValueError as error:
        faults.append(f"PARLEY_WEBHOOK_ALLOW_HOSTS: {error}")
    else:
        count = len(settings.urls)
        for place, url in enumerate(settings.urls, 1):
            if fault := _url_fault(url.get_secret_value(), allowed):
                faults.append(f"PARLEY_WEBHOOK_URLS: {place} of {count} {fault}")
    unknown = [name for name in settings.events if name not in EVENT_NAMES]
    if unknown:
        faults.append(f"PARLEY_WEBHOOK_EVENTS: there is no event {', '.join(unknown)}")
    try:
        Signing([secret.get_secret_value() for secret in settings.secrets])
    except ValueError as error:
        faults.append(f"PARLEY_WEBHOOK_SECRETS: {error}")
    if settings.urls and not settings.secrets:
        faults.append("PARLEY_WEBHOOK_SECRETS: is not set, and webhooks must be signed")
    return faults


def _allowed(settings: WebhookSettings) -> AllowList:
    hosts = {urlsplit(url.get_secret_value()).hostname or "" for url in settings.urls} - {""}
    return AllowList.of([*hosts, *settings.allow_hosts])


def _url_fault(url: str, allowed: AllowList) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "is no URL"
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return "must start with https:// and a host"
    if parts.scheme == "http" and not allowed.is_exact(host, port):
        return "must be https, unless PARLEY_WEBHOOK_ALLOW_HOSTS has the host with its port"
    if not allowed.names(host, port):
        return "has a port that PARLEY_WEBHOOK_ALLOW_HOSTS does not have"
    return None
