"""A language model that gives its replies in parts, as they come from a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from livekit.agents import APIConnectOptions, llm

ONE_TRY = APIConnectOptions(max_retry=0, retry_interval=0.0, timeout=10.0)

Part = str | llm.FunctionToolCall


class StreamingModel(llm.LLM[Any]):
    """Gives its replies in turn, each a row of parts: words, and calls of tools."""

    def __init__(self, *replies: Sequence[Part]) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[llm.ChatContext] = []

    def chat(self, **options: Any) -> llm.LLMStream:  # type: ignore[override]
        self.asked.append(options["chat_ctx"].copy())
        reply = self.replies.pop(0) if self.replies else ("Yes, all right.",)
        return _Reply(
            self,
            reply,
            chat_ctx=options["chat_ctx"],
            tools=options.get("tools") or [],
            conn_options=options.get("conn_options") or ONE_TRY,
        )


class _Reply(llm.LLMStream):
    def __init__(self, model: StreamingModel, parts: Sequence[Part], **options: Any) -> None:
        self._parts = parts
        super().__init__(model, **options)

    async def _run(self) -> None:
        for part in self._parts:
            words = part if isinstance(part, str) else None
            calls = [] if isinstance(part, str) else [part]
            delta = llm.ChoiceDelta(role="assistant", content=words, tool_calls=calls)
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))
            await asyncio.sleep(0)
