"""Which responses are under way: at most one in the default conversation, any number beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from agent.sandbox.provider import Provider
from agent.sandbox.realtime.audio import Samples, audio_format
from agent.sandbox.realtime.conversation import Conversation, Item, item_from_client
from agent.sandbox.realtime.errors import ClientError, invalid
from agent.sandbox.realtime.mind import Question
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.recording import Recording
from agent.sandbox.realtime.response import Response, ResponseSettings
from agent.sandbox.realtime.session import (
    Session,
    check_max_output_tokens,
    check_modalities,
    check_tools,
)
from agent.sandbox.realtime.usage import PromptCache

_OVERRIDES = (
    "output_modalities",
    "tools",
    "tool_choice",
    "max_output_tokens",
    "parallel_tool_calls",
)


class Responder:
    """Starts and cancels the responses of one connection.

    Args:
        provider: Voices, mind and script.
        conversation: The default conversation.
        outbox: Where events go.
        spawn: Runs a task that the connection owns.
        finished: Told of every response of the default conversation that ends by itself.
    """

    def __init__(
        self,
        provider: Provider,
        conversation: Conversation,
        outbox: Outbox,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        finished: Callable[[Response], None],
    ) -> None:
        self._provider = provider
        self._conversation = conversation
        self._outbox = outbox
        self._spawn = spawn
        self._finished = finished
        self._cache = PromptCache()
        self._running: dict[Response, asyncio.Task[None]] = {}
        self._active: Response | None = None
        self._has_spoken = False

    @property
    def has_spoken(self) -> bool:
        """Whether any audio of the assistant has been made."""
        return self._has_spoken or any(response.spoken_ms for response in self._running)

    @property
    def is_active(self) -> bool:
        """Whether a response is being written to the default conversation."""
        return self._active is not None

    def start(
        self,
        session: Session,
        params: dict[str, Any],
        record: Callable[[Samples], Recording],
    ) -> None:
        """Create a response. Raises ClientError."""
        _check(params)
        in_conversation = params.get("conversation") != "none"
        if in_conversation and self._active is not None:
            raise ClientError(
                f"Conversation already has an active response in progress: {self._active.id}."
                " Wait until the response is finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        items = self._context(session, params, record)
        response = Response(
            _settings(session, params, items),
            conversation=self._conversation if in_conversation else None,
            provider=self._provider,
            outbox=self._outbox,
            cache=self._cache,
        )
        if in_conversation:
            self._active = response
        self._running[response] = self._spawn(self._run(response, in_conversation))

    def cancel(self, response_id: str | None) -> None:
        """Cancel as the client asks: the active response, or the one of that id."""
        chosen = [r for r in self._running if r.id == response_id] if response_id else []
        target = next(iter(chosen), None) if response_id else self._active
        if target is None:
            raise ClientError(
                "Cancellation failed: no active response found", code="response_cancel_not_active"
            )
        self._close(target, "client_cancelled")

    def interrupt(self) -> None:
        """Cancel the active response, if there is one: the user has begun to speak."""
        if self._active is not None:
            self._close(self._active, "turn_detected")

    def _close(self, response: Response, reason: str) -> None:
        response.close("cancelled", reason=reason)
        self._running[response].cancel()
        self._forget(response)

    async def _run(self, response: Response, in_conversation: bool) -> None:
        await response.run()
        self._forget(response)
        if in_conversation:
            self._finished(response)

    def _forget(self, response: Response) -> None:
        self._has_spoken = self.has_spoken
        self._running.pop(response, None)
        if self._active is response:
            self._active = None

    def _context(
        self, session: Session, params: dict[str, Any], record: Callable[[Samples], Recording]
    ) -> tuple[Item, ...]:
        if params.get("input") is None:
            return tuple(self._conversation)
        return tuple(
            self._referenced(entry["id"])
            if entry.get("type") == "item_reference"
            else item_from_client(
                entry,
                audio_format=session.input_format,
                record=record,
                path=f"response.input[{index}]",
            )
            for index, entry in enumerate(params["input"])
        )

    def _referenced(self, item_id: str) -> Item:
        item = self._conversation.find(item_id)
        if item is None:
            raise invalid("response.input", f"Item with id '{item_id}' not found in conversation.")
        return item


def _check(params: dict[str, Any]) -> None:
    if params.get("conversation") not in (None, "auto", "none"):
        raise invalid(
            "response.conversation",
            f"Invalid value: '{params['conversation']}'. Supported values are: 'auto', 'none'.",
        )
    check_max_output_tokens(params.get("max_output_tokens"), "response.max_output_tokens")
    check_modalities(params.get("output_modalities"), "response.output_modalities")
    check_tools(params.get("tools"), "response.tools")


def _settings(
    session: Session, params: dict[str, Any], items: tuple[Item, ...]
) -> ResponseSettings:
    overrides = {key: params[key] for key in _OVERRIDES if params.get(key) is not None}
    config = {**session.document, **overrides}
    output = dict(session.document["audio"]["output"])
    asked = (params.get("audio") or {}).get("output") or {}
    output |= {key: value for key, value in asked.items() if value is not None}
    voice = output["voice"]["id"] if isinstance(output["voice"], dict) else output["voice"]
    is_spoken = config["output_modalities"] == ["audio"]
    return ResponseSettings(
        question=Question(
            items=items,
            session_instructions=session.document["instructions"],
            instructions=params.get("instructions"),
            tools=tuple(config["tools"]),
            tool_choice=config["tool_choice"],
            parallel_tool_calls=config.get("parallel_tool_calls") is not False,
        ),
        audio_format=audio_format(output["format"]) if is_spoken else None,
        voice=voice,
        speed=output["speed"],
        max_output_tokens=config["max_output_tokens"],
        shown={
            "output_modalities": config["output_modalities"],
            "max_output_tokens": config["max_output_tokens"],
            "audio": {"output": {"format": output["format"], "voice": voice}},
            "metadata": params.get("metadata"),
        },
    )
