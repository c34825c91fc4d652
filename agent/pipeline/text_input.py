"""What a caller types, taken as a turn of the conversation."""

from __future__ import annotations

import logging
import unicodedata
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.room_io import TextInputEvent

logger = logging.getLogger(__name__)

MAX_CHARACTERS = 2_000
"""Three minutes of speech. What goes on for longer is no turn, and is paid for by the token."""


_JOINERS = "\u200c\u200d"  # invisible, yet part of words in Persian and Hindi, and of emoji


def readable(text: str) -> str:
    """The text without control and invisible formatting characters, cut to MAX_CHARACTERS."""
    kept = (" " if c in "\r\n\t" else c for c in text[: 4 * MAX_CHARACTERS])
    shown = "".join(
        c for c in kept if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return shown.strip()[:MAX_CHARACTERS]


async def take_text(session: AgentSession[Any], event: TextInputEvent) -> None:
    """Answer typed text; what the agent is saying gives way to it."""
    await answer_text(session, readable(event.text))


async def answer_text(session: AgentSession[Any], text: str) -> bool:
    """Answer text as `readable` gives it. False where it is empty, or comes during a passage that
    may not be interrupted.
    """
    if not text:
        return False
    async with session._claim_user_turn():  # its docstring says to use it in such a callback
        try:
            await session.interrupt()
        except RuntimeError:
            logger.info("text was typed during a passage that may not be interrupted")
            return False
        session.generate_reply(user_input=text)
    return True
