"""What a call does for its clients, in a real session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from agent.bootstrap.actions import CallActions
from agent.call.record import Feedback, RecordEvent
from agent.pipeline.caller_audio import CallerAudio
from agent.pipeline.text_input import answer_text, readable
from agent.publishing.asked import Cannot
from agent.tool_calls.decisions import Decisions
from tests.fakes.control import FakeControl
from tests.fakes.conversation import Conversation, conversation


class Opening:
    """One that leaves all text to the conversation."""

    def __init__(self, consent: str = "not asked") -> None:
        self.consent = SimpleNamespace(state=consent)

    async def take_words(self, session: Any, text: str) -> bool:
        return await answer_text(session, readable(text))


class Desk:
    """A call's actions, and what came of them."""

    def __init__(self, talk: Conversation, consent: str) -> None:
        self.talk = talk
        self.noted: list[RecordEvent] = []
        self.muted: list[bool] = []
        self.decisions = Decisions()
        self.control = FakeControl()
        talk.state.control = self.control
        call: Any = SimpleNamespace(
            session=talk.session,
            state=talk.state,
            audio=SimpleNamespace(caller=CallerAudio([])),
            decisions=self.decisions,
            listener=SimpleNamespace(note=self.noted.append),
        )
        self.audio = call.audio.caller
        opening: Any = Opening(consent)
        self.actions = CallActions(call, opening, on_mute=self.muted.append)


@asynccontextmanager
async def desk(consent: str = "not asked") -> AsyncIterator[Desk]:
    async with conversation() as talk:
        yield Desk(talk, consent)


async def test_what_a_client_says_is_a_turn_of_the_caller() -> None:
    """As if it had been typed."""
    async with desk() as at:
        at.talk.model.then("From nine to five.")
        await at.actions.say_text("When are you\u0000 open?")
        await at.talk.until(lambda: at.talk.said == ["From nine to five."])
        (asked,) = [
            item.text_content for item in at.talk.session.history.messages() if item.role == "user"
        ]
        assert asked == "When are you open?"
        with pytest.raises(Cannot):
            await at.actions.say_text("\u200b\u0000")


async def test_another_language_is_heard_and_spoken() -> None:
    """By its name or tag; choosing the present one changes nothing."""
    async with desk() as at:
        at.talk.model.then("Jetzt auf Deutsch. Wie kann ich helfen?")
        assert await at.actions.set_language("German") == "de"
        await at.talk.until(lambda: len(at.talk.said) == 1)
        assert await at.actions.set_language("de-AT") == "de"
        assert at.control.done == [("language", "de")]
        assert at.talk.state.language == "de"
        with pytest.raises(Cannot, match="not known"):
            await at.actions.set_language("Klingon")


async def test_nothing_is_said_of_it_before_the_caller_has_answered_about_consent() -> None:
    """The question comes first."""
    async with desk("pending") as at:
        assert await at.actions.set_language("ko") == "ko"
        assert at.talk.said == []


async def test_mute_feedback_and_approval_reach_their_places() -> None:
    """An approval that is not asked for is refused."""
    async with desk() as at:
        at.actions.set_muted(True)
        assert (at.audio.muted, at.muted) == (True, [True])
        at.actions.set_muted(False)
        at.actions.give_feedback("up", "Quick.")
        assert at.noted == [Feedback("up", "Quick.")]
        with pytest.raises(Cannot):
            at.actions.approve("approval-1", True, by="olga")
        with at.decisions.asking("refund", {}) as question:
            at.actions.approve(question.id, True, by="olga")
            assert question.approved is True
