"""A call's events to the operator's URLs, signed, in order, and off the call's path."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from agent.publishing.dead_letters import DeadLetters, Letter, endpoint_of, message_id
from agent.publishing.events import AnyEvent
from agent.publishing.sending import GivenUp, Sender
from agent.publishing.wording import told_to_others

logger = logging.getLogger(__name__)

MOST_WAITING = 2_000
"""Events for one URL; what comes while so many wait is kept as dead."""
DRAIN_S = 20.0
"""For what is left when the call is over; the framework gives its end five minutes."""
REST_S = 30.0
"""After a message that was given up: what comes meanwhile is kept as dead at once, so that one call
does not wait a minute for each of its events.
"""


USUAL = (
    "call_started",
    "call_ended",
    "tool_finished",
    "approval_requested",
    "handed_over",
    "guardrail_tripped",
    "recovered",
    "budget_reached",
    "feedback_given",
    "error",
)
"""What is sent if nothing else is asked for: nothing that was said, nothing that every turn has."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent."""

    id: str
    event_type: str
    body: str


class Webhooks:
    """A Follower: sends events to URLs. Each URL gets them one after the other; the next is sent
    when the one before was taken, or given up and kept in the dead letters.

    Args:
        urls: Where to.
        types: The events that are sent.
        sender: Sends.
        dead_letters: Takes what could not be sent.
        drain_s: For what is left at the end.
    """

    def __init__(
        self,
        urls: Sequence[str],
        types: Collection[str],
        sender: Sender,
        dead_letters: DeadLetters,
        *,
        drain_s: float = DRAIN_S,
    ) -> None:
        self._types = frozenset(types)
        self._sequence = 0
        self._drain_s = drain_s
        self._endpoints = [_Endpoint(url, sender, dead_letters) for url in urls]

    def tell(self, event: AnyEvent) -> None:
        """See Follower."""
        if event.type not in self._types:
            return
        self._sequence += 1
        told = told_to_others(event).model_copy(update={"sequence": self._sequence})
        id_ = message_id(event.call_id, self._sequence)
        message = Message(id_, event.type, told.model_dump_json())
        for endpoint in self._endpoints:
            endpoint.put(message)

    async def flush(self) -> None:
        """See Follower. Nobody waits for webhooks."""

    async def aclose(self) -> None:
        """Send what is left, within a bound; what remains then is kept as dead."""
        await asyncio.gather(*(one.aclose(self._drain_s) for one in self._endpoints))


class _Endpoint:
    """One URL, as one call sends to it."""

    def __init__(self, url: str, sender: Sender, dead_letters: DeadLetters) -> None:
        self._url = url
        self._sender = sender
        self._dead_letters = dead_letters
        self._waiting: deque[Message] = deque()
        self._surplus: list[Message] = []
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._gone = False
        self._resting_until_s = 0.0
        self._task = asyncio.create_task(self._run(), name="webhooks")

    def put(self, message: Message) -> None:
        """Send it when its turn comes."""
        full = len(self._waiting) >= MOST_WAITING
        (self._surplus if full else self._waiting).append(message)
        self._empty.clear()
        self._wake.set()

    async def aclose(self, drain_s: float) -> None:
        """See Webhooks."""
        try:
            async with asyncio.timeout(drain_s):
                await self._empty.wait()
        except TimeoutError:
            pass
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._bury([*self._waiting, *self._surplus], "the call was over")

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._deliver(self._waiting[0])
                self._waiting.popleft()
                surplus, self._surplus = self._surplus, []
                await self._bury(surplus, "too many waited")
            self._empty.set()

    async def _deliver(self, message: Message) -> None:
        if self._gone or time.monotonic() < self._resting_until_s:
            await self._bury([message], "gone" if self._gone else "resting")
            return
        try:
            await self._sender.send(self._url, message.id, message.body.encode())
        except GivenUp as error:
            self._gone = error.gone
            if not error.refused:
                self._resting_until_s = time.monotonic() + REST_S
            logger.warning(
                "a webhook was not taken",
                extra={"host": urlsplit(self._url).hostname, "error": str(error)},
            )
            await self._bury([message], str(error))
        except Exception as error:  # the edge of the task
            logger.exception("a webhook could not be sent")
            await self._bury([message], type(error).__name__)

    async def _bury(self, messages: Sequence[Message], reason: str) -> None:
        at = datetime.now(UTC).isoformat()
        letters = [
            Letter(endpoint_of(self._url), it.id, it.event_type, it.body, at, reason)
            for it in messages
        ]
        if not letters:
            return
        try:
            await asyncio.to_thread(self._dead_letters.keep, letters)
        except OSError as error:
            lost = {"events": len(letters), "error": error.strerror}
            logger.error("webhooks are lost: the dead letters cannot be kept", extra=lost)  # noqa: TRY400
