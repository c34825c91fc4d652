"""A caller's telephone, the room it is in, and LiveKit's service for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from livekit import api, rtc


@dataclass
class FakeCaller:
    """A participant, by SIP unless said otherwise."""

    identity: str
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeRoom:
    """A room in which keys are pressed."""

    name: str = "room"
    keys: list[tuple[int, str]] = field(default_factory=list)

    @property
    def local_participant(self) -> Any:
        """Itself: only keys are pressed by it."""
        return self

    async def publish_dtmf(self, *, code: int, digit: str) -> None:
        """See LocalParticipant."""
        self.keys.append((code, digit))


@dataclass
class FakeSip:
    """Puts callers through, unless an outcome was put in: an error, or another status."""

    outcomes: list[Any] = field(default_factory=list)
    asked: list[api.TransferSIPParticipantRequest] = field(default_factory=list)

    async def transfer_sip_participant(
        self, transfer: api.TransferSIPParticipantRequest
    ) -> api.TransferSIPParticipantResponse:
        """See SipService."""
        self.asked.append(transfer)
        outcome = (
            self.outcomes.pop(0) if self.outcomes else api.SIPTransferStatus.STS_TRANSFER_SUCCESSFUL
        )
        if isinstance(outcome, Exception):
            raise outcome
        return api.TransferSIPParticipantResponse(status=outcome)
