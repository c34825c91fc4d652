"""Who is told of a call, from its first moment to its last."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from agent.bootstrap.publishing import Publishing
from agent.call.record import (
    Closed,
    Opened,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    ToolBegan,
    TurnHeard,
)
from agent.publishing.listeners import find_listeners
from tests.fakes import listening
from tests.fakes.receiver import SECRET, receiving
from tests.unit.bootstrap.test_start import settings_with


async def test_servers_and_functions_are_told_alike(tmp_path: Path) -> None:
    """In one form; what is private in the words of another is not in it."""
    listening.HEARD["AJ_7"] = heard = []
    async with receiving() as receiver:
        settings = settings_with(
            PARLEY_WEBHOOK_URLS=receiver.url,
            PARLEY_WEBHOOK_SECRETS=SECRET,
            PARLEY_WEBHOOK_ALLOW_HOSTS=receiver.host,
            PARLEY_WEBHOOK_EVENTS="call_started,transcript_final,tool_started,call_ended",
            PARLEY_WEBHOOK_DEAD_LETTERS=str(tmp_path / "dead.jsonl"),
        )
        publishing = Publishing.begin(
            settings,
            "AJ_7",
            listeners=find_listeners(["tests.fakes.listening:on_event"]),
            certificates=ssl.create_default_context(),
        )
        note = publishing.account.note
        for event in (
            Opened("room"),
            PipelineInForce("cascade", "en"),
            PersonaInForce("frontdesk"),
            ParticipantJoined("anna", "+4930123456"),
            TurnHeard("i", "I am ada@example.com"),
            ToolBegan("book_appointment", {"day": "2026-03-03", "name": "Ada"}),
        ):
            note(event)
        await publishing.ends("agent hung up")
        note(Closed("agent hung up"))
        await publishing.aclose()
        sent = [request.event for request in receiver.received]
    assert [event["type"] for event in sent] == [
        *("call_started", "transcript_final", "tool_started", "call_ended"),
    ]
    assert sent[1]["text"] == "I am [email]"
    assert sent[2]["arguments"] == {"day": "2026-03-03", "name": "(hidden)"}
    assert sent[3]["reason"] == "agent hung up"
    told = [event.model_dump(mode="json") for event in heard]
    assert [event["type"] for event in told if event["type"] != "turn_started"][-1] == "call_ended"
    assert next(event for event in told if event["type"] == "tool_started")["at"] == sent[2]["at"]


async def test_the_end_of_a_call_waits_for_no_server(tmp_path: Path) -> None:
    """Only the end of its job does, within a bound."""
    async with receiving() as receiver:
        receiver.hold = asyncio.Event()
        settings = settings_with(
            PARLEY_WEBHOOK_URLS=receiver.url,
            PARLEY_WEBHOOK_SECRETS=SECRET,
            PARLEY_WEBHOOK_ALLOW_HOSTS=receiver.host,
            PARLEY_WEBHOOK_DEAD_LETTERS=str(tmp_path / "dead.jsonl"),
        )
        publishing = Publishing.begin(settings, "AJ_7", certificates=ssl.create_default_context())
        publishing.account.note(Closed("caller left"))
        async with asyncio.timeout(0.5):
            await publishing.ends("caller left")
        receiver.hold.set()
        await publishing.aclose()
        assert receiver.sequences == [1]


async def test_a_call_without_followers_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """And is closed as any other."""
    publishing = Publishing.begin(
        settings_with(), "AJ_7", certificates=ssl.create_default_context()
    )
    publishing.on_realtime(object())
    await publishing.ends("done")
    await publishing.aclose()
    assert caplog.text == ""
