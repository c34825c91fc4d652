"""A room whose participants get data packets, as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc

from agent.call.roles import OPERATOR_ROLE, ROLE_ATTRIBUTE

ACTIVE = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD


@dataclass
class FakeGuest:
    """Somebody in the room."""

    identity: str
    attributes: dict[str, str] = field(default_factory=dict)
    kind: Any = STANDARD
    state: Any = ACTIVE


def operator(identity: str) -> FakeGuest:
    """A colleague, as their token says."""
    return FakeGuest(identity, {ROLE_ATTRIBUTE: OPERATOR_ROLE})


class DataRoom(rtc.EventEmitter[str]):
    """As much of a Room as its agent's data needs; it is its own local participant."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, FakeGuest] = {}
        self.got: dict[str, list[dict[str, Any]]] = {}
        self.before_sending: Callable[[], Awaitable[None]] | None = None
        self.methods: dict[str, Any] = {}

    @property
    def local_participant(self) -> DataRoom:
        """See Room."""
        return self

    def join(self, guest: FakeGuest) -> None:
        """Let somebody in, ready to get data."""
        self.remote_participants[guest.identity] = guest
        self.emit("participant_active", guest)

    def leave(self, identity: str) -> None:
        """They are gone."""
        self.emit("participant_disconnected", self.remote_participants.pop(identity))

    def register_rpc_method(self, name: str, handler: Any) -> None:
        """See LocalParticipant."""
        self.methods[name] = handler

    async def publish_data(
        self, payload: bytes, *, reliable: bool, destination_identities: list[str], topic: str
    ) -> None:
        """See LocalParticipant."""
        assert reliable
        assert topic == "parley.events"
        await asyncio.sleep(0)
        if self.before_sending is not None:
            await self.before_sending()
        for identity in destination_identities:
            if identity in self.remote_participants:
                self.got.setdefault(identity, []).append(json.loads(payload))
