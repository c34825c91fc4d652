"""What clients in the room may ask for, over LiveKit's RPC: JSON in, JSON out.

Only the caller may, and for approvals only an operator; everything else is refused before it is
looked at, with a code and a sentence that repeats nothing of what was sent.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal, Protocol, TypeVar

from livekit import rtc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.call.roles import OPERATOR_ROLE, ROLE_ATTRIBUTE
from agent.call.state import CallerIdentity
from agent.publishing.wording import readable

logger = logging.getLogger(__name__)

MOST_BYTES = 12_000
"""Of a payload; the longest honest one is 2,000 characters of text."""
MOST_REQUESTS, WITHIN_S = 20, 10.0
"""Of one participant. A person who types or presses buttons is far below."""
DOING_LIMIT_S = 8.0
"""Below the ten seconds for which a client waits by default."""

NOT_ALLOWED, MALFORMED, TOO_LARGE, TOO_MANY, NOT_NOW = 2403, 2400, 2413, 2429, 2409
"""Codes of refusals. Those from 1001 to 1999 are LiveKit's own."""


class Cannot(Exception):
    """It cannot be done now. The message is a sentence for the client."""


class Actions(Protocol):
    """What is done for clients. Each may raise Cannot."""

    async def say_text(self, text: str) -> None:
        """The caller says this, as if they had typed it."""
        ...

    async def set_language(self, language: str) -> str:
        """The caller goes on in another language; its tag."""
        ...

    def set_muted(self, muted: bool) -> None:
        """The agent does not hear the caller, or does again."""
        ...

    def approve(self, id_: str, approved: bool, *, by: str) -> None:
        """An operator answers whether a tool may be called."""
        ...

    def give_feedback(self, rating: str, comment: str) -> None:
        """What the caller thinks of the call."""
        ...


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class _SayText(_Asked):
    text: Annotated[str, Field(min_length=1, max_length=2_000)]


class _SetLanguage(_Asked):
    language: Annotated[str, Field(min_length=2, max_length=40)]


class _SetMuted(_Asked):
    muted: bool


class _ApproveTool(_Asked):
    id: Annotated[str, Field(min_length=1, max_length=64)]
    approved: bool


class _Feedback(_Asked):
    rating: Literal["up", "down"] | Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=2_000)] = ""


_SomeAsked = TypeVar("_SomeAsked", bound=_Asked)
Handler = Callable[[rtc.RpcInvocationData], Awaitable[str]]
Answer = Mapping[str, Any]


class ClientRequests:
    """Answers the requests of one call's clients.

    Args:
        room: The room, connected.
        caller: Who the caller is, once that is known.
        actions: What is done.
        clock: Monotonic, in seconds.
    """

    def __init__(
        self,
        room: rtc.Room,
        caller: CallerIdentity,
        actions: Actions,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._room = room
        self._caller = caller
        self._actions = actions
        self._clock = clock
        self._recent: dict[str, deque[float]] = {}

    def register(self) -> None:
        """Answer from now on."""
        for method, handler in self.handlers.items():
            self._room.local_participant.register_rpc_method(method, handler)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What answers, by method."""
        return {
            "parley.say_text": self._for(_SayText, self._say_text, self._is_caller),
            "parley.set_language": self._for(_SetLanguage, self._set_language, self._is_caller),
            "parley.set_muted": self._for(_SetMuted, self._set_muted, self._is_caller),
            "parley.approve_tool": self._for(_ApproveTool, self._approve, self._is_operator),
            "parley.feedback": self._for(_Feedback, self._feedback, self._is_caller),
        }

    def _for(
        self,
        form: type[_SomeAsked],
        do: Callable[[_SomeAsked, str], Awaitable[Answer]],
        may: Callable[[str], bool],
    ) -> Handler:
        async def answer(request: rtc.RpcInvocationData) -> str:
            if not may(request.caller_identity):
                raise rtc.RpcError(NOT_ALLOWED, "This is not for you to ask.")
            self._count(request.caller_identity)
            asked = _read(form, request.payload)
            done = await _in_time(do(asked, request.caller_identity), request.method)
            return json.dumps({"ok": True, **done})

        return answer

    def _is_caller(self, identity: str) -> bool:
        return bool(identity) and identity == self._caller.identity

    def _is_operator(self, identity: str) -> bool:
        participant = self._room.remote_participants.get(identity)
        if participant is None or identity == self._caller.identity:
            return False
        return participant.attributes.get(ROLE_ATTRIBUTE) == OPERATOR_ROLE

    def _count(self, identity: str) -> None:
        """Only of those who may ask at all, so that there are few of them."""
        now_s = self._clock()
        recent = self._recent.setdefault(identity, deque())
        while recent and recent[0] <= now_s - WITHIN_S:
            recent.popleft()
        if len(recent) >= MOST_REQUESTS:
            raise rtc.RpcError(TOO_MANY, "That was asked too often. Wait a few seconds.")
        recent.append(now_s)

    async def _say_text(self, asked: _SayText, _by: str) -> Answer:
        await self._actions.say_text(asked.text)
        return {}

    async def _set_language(self, asked: _SetLanguage, _by: str) -> Answer:
        return {"language": await self._actions.set_language(asked.language)}

    async def _set_muted(self, asked: _SetMuted, _by: str) -> Answer:
        self._actions.set_muted(asked.muted)
        return {"muted": asked.muted}

    async def _approve(self, asked: _ApproveTool, by: str) -> Answer:
        self._actions.approve(asked.id, asked.approved, by=by)
        return {}

    async def _feedback(self, asked: _Feedback, _by: str) -> Answer:
        self._actions.give_feedback(str(asked.rating), readable(asked.comment).strip())
        return {}


async def _in_time(doing: Awaitable[Answer], method: str) -> Answer:
    try:
        async with asyncio.timeout(DOING_LIMIT_S):
            return await doing
    except Cannot as refusal:
        raise rtc.RpcError(NOT_NOW, str(refusal)) from None
    except TimeoutError:
        raise rtc.RpcError(NOT_NOW, "That took too long.") from None
    except Exception as error:  # noqa: BLE001 - the edge of the request
        # Without the message, which may quote what was sent.
        extra = {"method": method, "error": type(error).__name__}
        logger.error("a client's request failed", extra=extra)  # noqa: TRY400
        raise rtc.RpcError(NOT_NOW, "That did not work.") from None


def _read(form: type[_SomeAsked], payload: str) -> _SomeAsked:
    if len(payload.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise rtc.RpcError(TOO_LARGE, f"The payload must not be longer than {MOST_BYTES} bytes.")
    try:
        return form.model_validate_json(payload)
    except ValidationError as error:
        names = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
        known = [name for name in names if name in form.model_fields]
        what = f"Not fit: {', '.join(known)}." if known else "Not fit."
        fields = ", ".join(form.model_fields)
        raise rtc.RpcError(MALFORMED, f"{what} Send a JSON object with {fields}.") from None
