"""What code says to the caller, in both pipelines."""

from __future__ import annotations

import json
import logging
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


class SessionSpeaker:
    """A Speaker in a session of the framework: by the text-to-speech where there is one, else by
    the speech model, which is told what to say and may call no tool meanwhile.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session

    def say(self, words: str, *, language: str) -> SpeechHandle | None:
        """See Speaker."""
        try:
            if is_exact(language):
                return self._say_exactly(words)
            return self._instruct(
                f"Say this to the caller in the language {language}, and nothing else: "
                f"{json.dumps(words, ensure_ascii=False)}"
            )
        except RuntimeError as error:  # the session is closing, or changes its agent
            logger.info("nothing could be said", extra={"error": str(error)})
            return None

    def _say_exactly(self, words: str) -> SpeechHandle:
        try:
            return self._session.say(words)
        except RuntimeError:  # the speech model has no text-to-speech beside it
            return self._instruct(
                f"Say exactly this, and nothing else: {json.dumps(words, ensure_ascii=False)}"
            )

    def _instruct(self, instructions: str) -> SpeechHandle:
        return self._session.generate_reply(instructions=instructions, tool_choice="none")


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
