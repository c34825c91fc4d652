"""Usage of requests to a language model that end before it is told: the usage comes last, so who
is talked over, or takes a guess back, would have had all for nothing.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from typing import Any

from livekit.agents import llm
from livekit.agents.metrics import LLMMetrics
from livekit.agents.metrics.base import Metadata

CHARACTERS_PER_TOKEN = 4
"""OpenAI's rule of thumb for English; what is cached of a prompt is not known, so nothing is."""


def tokens_of(characters: int) -> int:
    """About so many."""
    return math.ceil(characters / CHARACTERS_PER_TOKEN)


class Request:
    """One request, until its usage is told.

    Args:
        model: Who is asked.
        chat_ctx: The conversation that it is asked with.
        tools: The tools that it is offered.
    """

    def __init__(
        self, model: llm.LLM[Any], chat_ctx: llm.ChatContext, tools: Sequence[llm.Tool]
    ) -> None:
        self._model = model
        self._chat_ctx = chat_ctx
        self._tools = tools
        self._id = ""
        self._began_s = time.monotonic()
        self._written = 0
        self._answered = False
        self._told = False
        self._refused = False

    def note(self, chunk: llm.ChatChunk) -> None:
        """A part of the answer has come."""
        self._answered = True
        self._id = chunk.id
        self._told |= chunk.usage is not None
        if chunk.delta is not None:
            self._written += len(chunk.delta.content or "")
            self._written += sum(
                len(call.name) + len(call.arguments) for call in chunk.delta.tool_calls
            )

    def refuse(self) -> None:
        """The provider has failed."""
        self._refused = True

    def estimate(self) -> LLMMetrics | None:
        """What was used, if nobody has told it; None also for a request that was refused at once,
        which is not billed.
        """
        if self._told or (self._refused and not self._answered):
            return None
        read, written = tokens_of(self._asked_characters()), tokens_of(self._written)
        duration_s = time.monotonic() - self._began_s
        return LLMMetrics(
            label=self._model.label,
            request_id=self._id,
            timestamp=time.time(),
            duration=duration_s,
            ttft=-1.0,
            cancelled=True,
            prompt_tokens=read,
            prompt_cached_tokens=0,
            completion_tokens=written,
            total_tokens=read + written,
            tokens_per_second=written / duration_s if duration_s > 0 else 0.0,
            metadata=Metadata(model_name=self._model.model, model_provider=self._model.provider),
        )

    def _asked_characters(self) -> int:
        offered = llm.ToolContext(list(self._tools)).parse_function_tools("openai")
        return sum(map(_characters, self._chat_ctx.items)) + len(json.dumps(offered, default=str))


def _characters(item: llm.ChatItem) -> int:
    match item:
        case llm.ChatMessage():
            return len(item.text_content or "")
        case llm.FunctionCall(name=name, arguments=words):
            return len(name) + len(words)
        case llm.FunctionCallOutput(output=words):
            return len(words)
    return 0
