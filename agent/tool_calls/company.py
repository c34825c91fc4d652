"""What a caller hears while a tool runs: that it was heard at once, and that it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import RunContext
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.call.tool import Tool
from agent.tool_calls.speaking import Speaker

FILLER_AFTER_S = 1.0
"""Of quiet on both sides, before a filler is said."""
FILLER_AFTER_ACKNOWLEDGEMENT_S = 4.0
FILLER_PAUSE_S = 6.0
"""After a filler, before the next quiet is waited for."""
FILLERS = (
    "One moment, please.",
    "I am still on it.",
    "It takes a little longer than usual. Please bear with me.",
)
"""In this order, each once for a run of a tool."""


@asynccontextmanager
async def in_company(
    ctx: RunContext[Any], tool: Tool, speaker: Speaker, *, language: str
) -> AsyncIterator[None]:
    """Keep the caller company while the block runs. It ends when the caller talks over it; nothing
    is said over the caller or over the agent's own words, and nothing waits for what is said.
    """
    acknowledged = acknowledge(ctx, tool, speaker, language=language)

    def filler(step: int) -> SpeechHandle | None:
        return speaker.say(FILLERS[step], language=language)

    async with ctx.with_filler(
        filler,
        delay=FILLER_AFTER_ACKNOWLEDGEMENT_S if acknowledged else FILLER_AFTER_S,
        interval=FILLER_PAUSE_S,
        max_steps=len(FILLERS),
    ):
        yield


def acknowledge(
    ctx: RunContext[Any], tool: Tool, speaker: Speaker, *, language: str
) -> SpeechHandle | None:
    """Say at once that the tool runs, if it is one that is known to take a while, and if neither
    the model nor the caller is speaking already.
    """
    words = tool.policy.acknowledgement
    busy = ctx.session.agent_state == "speaking" or ctx.session.user_state == "speaking"
    return speaker.say(words, language=language) if words and not busy else None
