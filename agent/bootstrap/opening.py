"""How a call begins: a notice, the caller's consent where it is required, then the greeting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from livekit import rtc
from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    UserStateChangedEvent,
    llm,
)
from livekit.agents.voice.room_io import TextInputEvent
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.answers import Answer, load_answers
from agent.bootstrap.call import Call
from agent.call.consent import Consent
from agent.call.state import CallState
from agent.consent import Asking, load_sentences
from agent.pipeline.session import announce, greet, say
from agent.pipeline.text_input import answer_text, readable
from agent.settings import Settings

logger = logging.getLogger(__name__)


class Opening:
    """The first words of one call.

    Args:
        settings: The worker's.
        call: The call.
        room: Where keys are pressed.
        has_keypad: Whether the caller has keys to press.
    """

    def __init__(
        self, settings: Settings, call: Call, room: rtc.Room, has_keypad: Callable[[], bool]
    ) -> None:
        privacy = settings.privacy
        self.consent = Consent(required=privacy.consent == "required")
        self._line = SessionLine(
            call.session,
            call.plan.greeting,
            notice=settings.call.notice,
            uninterruptible=settings.call.notice_uninterruptible,
        )
        state = call.state

        def judge(words: str, question: str) -> Answer:
            answers = load_answers(state.language, settings.tool_calls.answers_folder)
            return answers.judge(words, question)

        self._asking = Asking(
            self.consent,
            self._line,
            sentences=lambda: load_sentences(state.language, privacy.consent_question),
            judge=judge,
            has_keypad=has_keypad,
            answer_s=privacy.consent_answer_s,
        )
        call.interruptions.gate = self._asking
        self._listen(call.session, room, state)

    def say(self) -> None:
        """Begin. Repeated, it goes on with what is still to be said."""
        if self.consent.state == "pending":
            self._asking.begin()
        else:
            self._line.say_first_words()

    async def take_text(self, session: AgentSession[Any], event: TextInputEvent) -> None:
        """What the caller types: an answer about consent, or a turn of the conversation."""
        await self.take_words(session, event.text)

    async def take_words(self, session: AgentSession[Any], text: str) -> bool:
        """The same for text that came another way; False if it cannot be taken now."""
        words = readable(text)
        return self._asking.typed(words) or await answer_text(session, words)

    async def aclose(self) -> None:
        """The call is over."""
        await self._asking.aclose()

    def _listen(self, session: AgentSession[CallState], room: rtc.Room, state: CallState) -> None:
        def on_item(event: ConversationItemAddedEvent) -> None:
            item = event.item
            if isinstance(item, llm.ChatMessage) and item.role == "user":
                self._asking.said(item.text_content or "")

        def on_user_state(event: UserStateChangedEvent) -> None:
            if event.new_state == "speaking":
                self._asking.began_to_speak()

        def on_key(event: rtc.SipDTMF) -> None:
            if event.participant is None or event.participant.identity == state.caller.identity:
                self._asking.pressed(event.digit)

        session.on("conversation_item_added", on_item)
        session.on("user_state_changed", on_user_state)
        room.on("sip_dtmf_received", on_key)


class SessionLine:
    """A caller who is spoken with in a session of the framework, see `agent.consent.Line`.

    Args:
        session: The session.
        greeting: The persona's first words.
        notice: What comes before all else; empty for nothing.
        uninterruptible: Whether the notice is heard to its end, whatever the caller says.
    """

    def __init__(
        self,
        session: AgentSession[CallState],
        greeting: str,
        *,
        notice: str = "",
        uninterruptible: bool = True,
    ) -> None:
        self._session = session
        self._greeting = greeting
        self._notice = notice
        self._announce = partial(announce if uninterruptible else say, session)

    @property
    def caller_speaks(self) -> bool:
        """See Line."""
        return self._session.user_state == "speaking"

    def say_first_words(self) -> None:
        """Say the notice and the greeting; does not wait for them."""
        if self._notice:
            self._announce(self._notice)
        greet(self._session, self._greeting)

    async def give_notice(self) -> None:
        """See Line."""
        if self._notice:
            await self._announce(self._notice).wait_for_playout()

    async def put(self, words: str) -> float:
        """See Line."""
        await self._fall_silent()
        speech = say(self._session, words)
        await speech.wait_for_playout()
        return len(_heard(speech).split()) / len(words.split())

    async def greet(self, first: str) -> None:
        """See Line."""
        await self._fall_silent()
        greet(self._session, f"{first} {self._greeting}")

    async def _fall_silent(self) -> None:
        try:
            await self._session.interrupt()
        except RuntimeError:
            logger.info("what is being said may not be interrupted")


def _heard(speech: SpeechHandle) -> str:
    said = (item for item in speech.chat_items if isinstance(item, llm.ChatMessage))
    return " ".join(item.text_content or "" for item in said if item.role == "assistant")
