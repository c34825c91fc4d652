"""What code says to the caller, in both pipelines."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

from livekit.agents import AgentSession, llm
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.call.language import primary_subtag

logger = logging.getLogger(__name__)

WORDS_LANGUAGE = "en"
"""Of the words that tools declare; in a call in another language the model translates them."""


class Speaker(Protocol):
    """Says things without being asked to by a model."""

    def say(self, words: str, *, language: str) -> SpeechHandle | None:
        """Begin to say words of WORDS_LANGUAGE in the caller's language, a BCP 47 tag, when it is
        the agent's turn to speak. Never to be awaited by a tool whose reply it delays. None if
        nothing can be said now.
        """
        ...


class Asker(Protocol):
    """Puts questions to the caller."""

    def ask(self, words: str, *, language: str, heard: Callable[[str], None]) -> bool:
        """Begin to put a question, as a Speaker says things; `heard` is told once how much of it
        was heard. False if nothing can be said now.
        """
        ...


class SessionSpeaker:
    """A Speaker and an Asker in a session of the framework: by the text-to-speech where there is
    one, else by the speech model, which is told what to say and may call no tool meanwhile.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session

    def say(self, words: str, *, language: str) -> SpeechHandle | None:
        """See Speaker."""
        try:
            if is_exact(language):
                return self._say_exactly(words)
            return self._instruct(saying(words, language=language))
        except RuntimeError as error:  # the session is closing, or changes its agent
            logger.info("nothing could be said", extra={"error": str(error)})
            return None

    def ask(self, words: str, *, language: str, heard: Callable[[str], None]) -> bool:
        """See Asker."""
        speech = self.say(words, language=language)
        if speech is None:
            return False
        speech.add_done_callback(lambda said: heard(words_heard(said)))
        return True

    def _say_exactly(self, words: str) -> SpeechHandle:
        try:
            return self._session.say(words)
        except RuntimeError:  # the speech model has no text-to-speech beside it
            return self._instruct(saying(words, language=WORDS_LANGUAGE))

    def _instruct(self, instructions: str) -> SpeechHandle:
        return self._session.generate_reply(instructions=instructions, tool_choice="none")


def saying(words: str, *, language: str) -> str:
    """What a speech model is told so that it says words of WORDS_LANGUAGE in a language."""
    quoted = json.dumps(words, ensure_ascii=False)
    if is_exact(language):
        return f"Say exactly this, and nothing else: {quoted}"
    return f"Say this to the caller in the language {language}, and nothing else: {quoted}"


def is_exact(language: str) -> bool:
    """Whether what is said in this language is said word for word."""
    return primary_subtag(language) == WORDS_LANGUAGE


def words_heard(speech: SpeechHandle) -> str:
    """As much of it as the caller heard; to be asked once it is done."""
    return " ".join(
        item.text_content or ""
        for item in speech.chat_items
        if isinstance(item, llm.ChatMessage) and item.role == "assistant"
    ).strip()
