"""A room in which participants answer calls as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from livekit import rtc


@dataclass
class FakeParticipant:
    """Somebody in the room. `answer` is None for a client that does not know the method, and an
    empty text for one that never answers.
    """

    identity: str
    attributes: dict[str, str] = field(default_factory=dict)
    answer: str | None = None


@dataclass
class FakeRoom:
    """As much of a Room as calls among participants need; it is its own local participant."""

    remote_participants: dict[str, FakeParticipant] = field(default_factory=dict)
    calls: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def local_participant(self) -> FakeRoom:
        """See Room."""
        return self

    def join(self, participant: FakeParticipant) -> None:
        """Let somebody in."""
        self.remote_participants[participant.identity] = participant

    async def perform_rpc(
        self, *, destination_identity: str, method: str, payload: str, response_timeout: float
    ) -> str:
        """See LocalParticipant."""
        self.calls.append({"to": destination_identity, "method": method, "payload": payload})
        answer = self.remote_participants[destination_identity].answer
        if answer is None:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "unsupported")
        if not answer:
            await asyncio.Event().wait()
        return answer
