"""A language model that says and calls what its script says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectOptions,
    NotGivenOr,
    llm,
)


@dataclass(frozen=True, slots=True)
class Calls:
    """A call of a tool; several in one reply with `*`. Arguments may be broken JSON."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)

    @property
    def json(self) -> str:
        """The arguments as a model writes them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


Reply = str | Calls | Sequence[Calls]


@dataclass(frozen=True, slots=True)
class Request:
    """What the model was asked with."""

    history: llm.ChatContext
    tools: tuple[str, ...]
    tool_choice: Any

    @property
    def outputs(self) -> list[str]:
        """What tools have answered so far, in order."""
        return [i.output for i in self.history.items if isinstance(i, llm.FunctionCallOutput)]


class ScriptedModel(llm.LLM):
    """Gives one reply of the script after the other, and "Okay." when there is none left."""

    def __init__(self, *script: Reply) -> None:
        super().__init__()
        self.script = list(script)
        self.requests: list[Request] = []
        self.may_answer = asyncio.Event()
        """Clear it to let replies wait."""
        self.may_answer.set()

    def then(self, *script: Reply) -> None:
        """Add to the script."""
        self.script += script

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        """See LLM."""
        names = tuple(tool.id for tool in tools or [])
        self.requests.append(Request(chat_ctx.copy(), names, tool_choice or None))
        reply = self.script.pop(0) if self.script else "Okay."
        return _Stream(self, reply, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Stream(llm.LLMStream):
    def __init__(self, model: ScriptedModel, reply: Reply, **options: Any) -> None:
        self._model, self._reply = model, reply
        super().__init__(model, **options)

    async def _run(self) -> None:
        await self._model.may_answer.wait()
        number = len(self._model.requests)
        if isinstance(self._reply, str):
            delta = llm.ChoiceDelta(role="assistant", content=self._reply)
        else:
            calls = [self._reply] if isinstance(self._reply, Calls) else self._reply
            delta = llm.ChoiceDelta(
                role="assistant",
                tool_calls=[
                    llm.FunctionToolCall(
                        name=call.name, arguments=call.json, call_id=f"call_{number}_{place}"
                    )
                    for place, call in enumerate(calls)
                ],
            )
        self._event_ch.send_nowait(llm.ChatChunk(id=f"chunk_{number}", delta=delta))
