"""Webhooks and listeners as settings ask for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.bootstrap.webhooks import check_publishing, replay_dead_letters
from agent.errors import SettingsError
from agent.publishing.dead_letters import DeadLetters, Letter, endpoint_of
from agent.publishing.signing import new_secret
from agent.settings import PrivacySettings, WebhookSettings
from tests.fakes.receiver import SECRET, receiving
from tests.unit.bootstrap.test_start import settings_with


def faults(**changes: str) -> list[str]:
    """What is wrong, without what comes of a missing secret."""
    changes = {"PARLEY_WEBHOOK_SECRETS": new_secret(), **changes}
    try:
        check_publishing(settings_with(**changes))
    except SettingsError as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize(
    ("urls", "fault"),
    [
        ("https://example.com/hooks", ""),
        ("https://example.com/hooks?key=1, https://other.example.com", ""),
        ("http://crm.internal:8080/hooks", ""),
        ("https://127.0.0.1:8443/", ""),
        ("https://example.com:8443/", "port"),
        ("http://example.com/hooks", "https"),
        ("http://crm.internal:8081/hooks", "https"),
        ("ftp://example.com", "must start with https://"),
        ("https://user:canary@example.com", "must start with https://"),
        ("https://", "must start with https://"),
        ("https://example.com:canary/", "is no URL"),
        ("canary", "must start with https://"),
    ],
)
def test_an_address_is_looked_at_when_the_worker_starts(urls: str, fault: str) -> None:
    """A fault is told by its place, and never with the address, which may have a key in it."""
    allowed = "crm.internal:8080, 127.0.0.1:8443"
    told = faults(PARLEY_WEBHOOK_URLS=urls, PARLEY_WEBHOOK_ALLOW_HOSTS=allowed)
    assert bool(told) == bool(fault), told
    assert fault in "".join(told)
    assert "canary" not in "".join(told)


def test_the_rest_is_looked_at_too() -> None:
    """All faults at once."""
    told = faults(
        PARLEY_WEBHOOK_URLS="https://example.com",
        PARLEY_WEBHOOK_SECRETS="canary",
        PARLEY_WEBHOOK_EVENTS="call_ended, call_exploded",
        PARLEY_WEBHOOK_ALLOW_HOSTS="not a host",
        PARLEY_LISTENERS="tests.fakes.listening:on_event, tests.fakes.listening:missing",
    )
    assert {fault.partition(":")[0] for fault in told} == {
        "PARLEY_WEBHOOK_SECRETS",
        "PARLEY_WEBHOOK_EVENTS",
        "PARLEY_WEBHOOK_ALLOW_HOSTS",
        "PARLEY_LISTENERS",
    }
    assert "call_exploded" in "".join(told)
    assert "canary" not in "".join(told)


def test_webhooks_must_be_signed() -> None:
    """A receiver cannot know otherwise who sent them."""
    with pytest.raises(SettingsError, match="must be signed"):
        check_publishing(settings_with(PARLEY_WEBHOOK_URLS="https://example.com"))


async def test_dead_letters_are_sent_again_by_command(tmp_path: Path) -> None:
    """With the settings of the workers."""
    async with receiving() as receiver:
        given = {
            "PARLEY_WEBHOOK_URLS": receiver.url,
            "PARLEY_WEBHOOK_SECRETS": f"{new_secret()}, {SECRET}",
            "PARLEY_WEBHOOK_ALLOW_HOSTS": receiver.host,
            "PARLEY_WEBHOOK_DEAD_LETTERS": str(tmp_path / "dead.jsonl"),
        }
        settings = WebhookSettings.model_validate(given)
        body = json.dumps({"sequence": 7})
        letter = Letter(endpoint_of(receiver.url), "msg_1", "error", body, "2026-03-02", "down")
        DeadLetters(settings.dead_letters).keep([letter])
        assert await replay_dead_letters(settings, PrivacySettings()) == 0
        (request,) = receiver.received
        assert request.is_signed()
        assert receiver.sequences == [7]
        assert not settings.dead_letters.exists()
