"""The direct calls that go on, each proven by a token that only its page has."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from agent.call.options import CallOptions
from agent.settings import DirectSettings
from agent.web.direct.provider import RETRY_AFTER_S
from agent.web.direct.wire import Ended, Reported, ToolAnswer, ToolAsked
from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

SILENT_S = 60.0
"""A page tells every quarter of this that it is there."""
LOOK_S = 5.0
MOST_REQUESTS = 60
WITHIN_S = 10.0
"""A page sends a few requests for each turn; one that sends more is refused for a while."""
MOST_EVENTS = 20_000
"""In one call."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was let in, as far as that is known."""

    user: str = ""
    tenant: str = ""


class DirectCall(Protocol):
    """One call, as the composition root makes it."""

    @property
    def session(self) -> Mapping[str, Any]:
        """The provider's configuration of it."""
        ...

    @property
    def first_words(self) -> str:
        """Instructions for the first reply."""
        ...

    @property
    def over(self) -> str:
        """Why it must end now, such as `budget`; empty as long as it may go on."""
        ...

    async def use(self, tool: str, asked: ToolAsked) -> ToolAnswer:
        """Answer the model's call of a tool.

        Raises:
            Refusal: 404 for a tool that this call has not, 429 for too many calls.
        """
        ...

    def note(self, event: Reported) -> None:
        """Take down what the page reports."""
        ...

    async def aclose(self, reason: str) -> None:
        """End it; everything it had opened is closed."""
        ...


Build = Callable[[CallOptions, Caller], Awaitable[DirectCall]]
"""Makes a call. Raises CallOptionsError and BudgetSpent."""


@dataclass(slots=True, eq=False)
class Held:
    """A call that goes on."""

    key: str
    call: DirectCall
    ends_at_s: float
    """On the monotonic clock."""
    seen_at_s: float
    events: int = 0
    asked_at_s: deque[float] = field(default_factory=deque)


class DirectCalls:
    """All of one web server's. They live in this process: a page must come back to the same one.

    Args:
        build: Makes a call.
        settings: Limits.
        clock: Monotonic, in seconds.
    """

    def __init__(
        self,
        build: Build,
        settings: DirectSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build = build
        self._settings = settings
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._beginning = 0
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """As long as the server runs; then all calls are ended."""
        sweeping = asyncio.create_task(self._sweep(), name="direct calls")
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
            for held in list(self._held.values()):
                self._end(held, "server stopped")
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def begin(self, options: CallOptions, caller: Caller) -> tuple[str, Held]:
        """A new call, and the token that proves it.

        Raises:
            Refusal: 503 when there are too many.
            CallerError: the call cannot be made as asked.
        """
        if len(self._held) + self._beginning >= self._settings.max_calls:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too_many_calls",
                "All lines are busy at the moment. Try again in a minute.",
                retry_after_s=RETRY_AFTER_S,
            )
        self._beginning += 1
        try:
            call = await self._build(options, caller)
        finally:
            self._beginning -= 1
        token = secrets.token_urlsafe(32)
        key = _key(token)
        now = self._clock()
        held = self._held[key] = Held(key, call, now + self._settings.call_s, now)
        return token, held

    def find(self, token: str) -> Held:
        """The call that a token proves; its page is there.

        Raises:
            Refusal: 401 for a token that proves none, 410 when its time is over, 429 for a page
                that asks too often.
        """
        held = self._held.get(_key(token))
        if held is None:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED, "no_such_call", "This call is not known, or it is over."
            )
        now = self._clock()
        if now >= held.ends_at_s:
            self._end(held, "time is over")
            raise Refusal(HTTPStatus.GONE, "call_over", "The time of this call is over.")
        held.seen_at_s = now
        while held.asked_at_s and held.asked_at_s[0] <= now - WITHIN_S:
            held.asked_at_s.popleft()
        if len(held.asked_at_s) >= MOST_REQUESTS:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_requests",
                "That was too much at once.",
                retry_after_s=round(WITHIN_S),
            )
        held.asked_at_s.append(now)
        return held

    def take(self, held: Held, events: Sequence[Reported]) -> None:
        """Take down what a page reports of its call, and end it if it says so.

        Raises:
            Refusal: 429 for a call of which too much was reported.
        """
        held.events += len(events)
        if held.events > MOST_EVENTS:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS, "too_many_events", "Too much was reported of it."
            )
        for event in events:
            if isinstance(event, Ended):
                self._end(held, event.reason)
                break
            held.call.note(event)

    def drop(self, held: Held, reason: str) -> None:
        """End a call that never began."""
        self._end(held, reason)

    def left_s(self, held: Held) -> int:
        """How long a call may go on."""
        return max(0, int(held.ends_at_s - self._clock()))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """End the calls whose time is over, and those whose page has gone."""
        now = self._clock()
        for held in list(self._held.values()):
            if now >= held.ends_at_s:
                self._end(held, "time is over")
            elif now - held.seen_at_s >= SILENT_S:
                self._end(held, "page was lost")

    def _end(self, held: Held, reason: str) -> None:
        if self._held.pop(held.key, None) is not None:
            task = asyncio.create_task(_close(held.call, reason), name="end direct call")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(call: DirectCall, reason: str) -> None:
    try:
        await call.aclose(reason)
    except Exception:  # the edge of the call
        logger.exception("a direct call did not end well")


def _key(token: str) -> str:
    """Looked up by its digest, so that how long it takes tells nothing of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
