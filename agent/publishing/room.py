"""Events to the participants of a call's room, on topic `parley.events`.

Each event is one reliable data packet, which LiveKit delivers in order: a text stream would be
three, and for what fits a packet they give nothing more. Every participant has a sequence of their
own, which begins with `call_started`: so one that comes later or comes back knows how things stand,
and sees a gap wherever something was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from livekit import rtc

from agent.call.roles import OPERATOR_ROLE, ROLE_ATTRIBUTE
from agent.call.state import CallerIdentity
from agent.publishing.events import TOPIC, AnyEvent, CallStarted
from agent.publishing.wording import told_to_others, told_without_cost

logger = logging.getLogger(__name__)

MOST_BYTES = 15_000
"""Of a packet; LiveKit takes 15 KiB."""
MOST_WAITING = 256
"""Events for one participant; what comes while so many wait is dropped."""
SEND_LIMIT_S = 5.0
FLUSH_LIMIT_S = 0.5

_ACTIVE = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
_NOBODY = (rtc.ParticipantKind.PARTICIPANT_KIND_AGENT, rtc.ParticipantKind.PARTICIPANT_KIND_SIP)
"""Neither reads data packets of ours."""


class Publisher(Protocol):
    """As much of a LocalParticipant as sending takes."""

    async def publish_data(
        self,
        payload: bytes | str,
        *,
        reliable: bool,
        destination_identities: list[str],
        topic: str,
    ) -> None:
        """See LocalParticipant."""
        ...


class RoomFeed:
    """A Follower: tells the caller, and the operators in the room.

    Args:
        room: The room, connected or not.
        caller: Who the caller is, once that is known.
        standing: How the call stands; None if it is not on.
        tells_cost: Whether the caller is told what the call costs.
    """

    def __init__(
        self,
        room: rtc.Room,
        caller: CallerIdentity,
        standing: Callable[[], CallStarted | None],
        *,
        tells_cost: bool = False,
    ) -> None:
        self._room = room
        self._caller = caller
        self._standing = standing
        self._tells_cost = tells_cost
        self._streams: dict[str, _Stream] = {}
        room.on("participant_active", self._on_active)
        room.on("participant_disconnected", self._on_left)

    def tell(self, event: AnyEvent) -> None:
        """See Follower."""
        if isinstance(event, CallStarted):
            for participant in self._room.remote_participants.values():
                if participant.state == _ACTIVE:
                    self._open(participant, event)
            return
        for identity, stream in self._streams.items():
            self._give(identity, stream, event)

    async def flush(self) -> None:
        """See Follower."""
        if streams := [stream.flush() for stream in self._streams.values()]:
            await asyncio.wait([asyncio.ensure_future(s) for s in streams], timeout=FLUSH_LIMIT_S)

    async def aclose(self) -> None:
        """See Follower."""
        self._room.off("participant_active", self._on_active)
        self._room.off("participant_disconnected", self._on_left)
        streams, self._streams = list(self._streams.values()), {}
        await asyncio.gather(*(stream.aclose() for stream in streams))

    def _on_active(self, participant: rtc.RemoteParticipant) -> None:
        if (standing := self._standing()) is not None:
            self._open(participant, standing)

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if (stream := self._streams.pop(participant.identity, None)) is not None:
            stream.cancel()

    def _open(self, participant: rtc.RemoteParticipant, first: CallStarted) -> None:
        """A new sequence for a participant who is told anything at all."""
        identity = participant.identity
        is_operator = participant.attributes.get(ROLE_ATTRIBUTE) == OPERATOR_ROLE
        if participant.kind in _NOBODY or not (identity == self._caller.identity or is_operator):
            return
        if (old := self._streams.pop(identity, None)) is not None:
            old.cancel()
        stream = self._streams[identity] = _Stream(self._room.local_participant, identity)
        self._give(identity, stream, first)

    def _give(self, identity: str, stream: _Stream, event: AnyEvent) -> None:
        told: AnyEvent | None = event
        if identity != self._caller.identity:
            told = told_to_others(event)
        elif not self._tells_cost:
            told = told_without_cost(event)
        if told is not None:
            stream.put(told)


class _Stream:
    """What one participant is told, from when they came until they leave."""

    def __init__(self, publisher: Publisher, identity: str) -> None:
        self._publisher = publisher
        self._identity = identity
        self._sequence = 0
        self._lost = 0
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task = asyncio.create_task(self._run(), name="events to a participant")

    def put(self, event: AnyEvent) -> None:
        """Send it when its turn comes."""
        self._sequence += 1
        numbered: AnyEvent = event.model_copy(update={"sequence": self._sequence})
        payload = numbered.model_dump_json().encode()
        if len(self._waiting) >= MOST_WAITING or len(payload) > MOST_BYTES:
            self._lose(f"{event.type} was dropped")
            return
        self._waiting.append(payload)
        self._empty.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Return once nothing waits."""
        await self._empty.wait()

    def cancel(self) -> None:
        """They are gone."""
        self._task.cancel()

    async def aclose(self) -> None:
        """Send nothing more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._send(self._waiting[0])
                self._waiting.popleft()
            self._empty.set()

    async def _send(self, payload: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._publisher.publish_data(
                    payload,
                    reliable=True,
                    destination_identities=[self._identity],
                    topic=TOPIC,
                )
        except Exception as error:  # noqa: BLE001 - whatever becomes of it, the call goes on
            self._lose(type(error).__name__)

    def _lose(self, why: Any) -> None:
        self._lost += 1
        if self._lost == 1:  # once, not for each of them
            logger.warning("a participant misses events", extra={"why": why})
