"""The telephone of a caller who came by SIP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Protocol

import aiohttp
from livekit import api, rtc

from agent.errors import ToolError

TRANSFER_LIMIT_S = 45.0
"""For the other side to ring and answer; LiveKit lets it ring for 30 s."""
KEY_PAUSE_S = 0.3
"""Between two keys, so that the other side tells two of the same apart; the framework's own."""

NUMBER_ATTRIBUTE = "sip.phoneNumber"
"""Of a participant who came by SIP; LiveKit sets it."""
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

_CODES = {**{str(digit): digit for digit in range(10)}, "*": 10, "#": 11}
"""RFC 4733, section 3.2."""
_ANSWERED = api.SIPTransferStatus.STS_TRANSFER_SUCCESSFUL

NO_TELEPHONE = "The caller is not on a telephone, so that cannot be done. Say so."


class SipService(Protocol):
    """Of LiveKit's API, what is used here."""

    async def transfer_sip_participant(
        self, transfer: api.TransferSIPParticipantRequest
    ) -> api.TransferSIPParticipantResponse:
        """See api.SipService."""
        ...


class Room(Protocol):
    """Of a room, what is used here."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def local_participant(self) -> rtc.LocalParticipant:
        """The agent."""
        ...


class TransferFailed(Exception):
    """The caller is still here; the message says why, in words for them."""


class Phone:
    """Keys and transfers of one call.

    Args:
        room: Where it takes place.
        sip: LiveKit's service for telephones.
        targets: Addresses of those whom callers can be put through to, by name.
    """

    def __init__(self, room: Room, sip: SipService, targets: Mapping[str, str]) -> None:
        self._room = room
        self._sip = sip
        self._targets = targets
        self._caller: str | None = None
        self.number: str | None = None
        """The caller's, in E.164; None where it is withheld, or they are on no telephone."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The names."""
        return tuple(self._targets)

    @property
    def has_keys(self) -> bool:
        """Whether the caller is on a telephone."""
        return self._caller is not None

    def take(self, caller: rtc.RemoteParticipant) -> None:
        """This is who calls."""
        is_sip = caller.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        self._caller = caller.identity if is_sip else None
        number = caller.attributes.get(NUMBER_ATTRIBUTE, "") if is_sip else ""
        self.number = number if _E164.fullmatch(number) else None

    def check(self, target: str) -> None:
        """See that the caller could be put through.

        Raises:
            ToolError: when not.
        """
        if self._caller is None:
            raise ToolError(
                "The caller is not on a telephone, so they cannot be put through. Say so, and offer"
                " to take a message."
            )
        if target not in self._targets:
            raise ToolError("Nobody of that name can be reached. Offer to take a message.")

    async def transfer(self, target: str) -> None:
        """Put the caller through, by a SIP REFER; returns once the other side has answered.

        Raises:
            TransferFailed: when nobody did.
            ToolError: when it is not possible.
        """
        self.check(target)
        request = api.TransferSIPParticipantRequest(
            participant_identity=self._caller,
            room_name=self._room.name,
            transfer_to=self._targets[target],
            play_dialtone=True,
        )
        try:
            async with asyncio.timeout(TRANSFER_LIMIT_S):
                answer = await self._sip.transfer_sip_participant(request)
        except api.SipCallError as error:
            raise TransferFailed(_reason(error.sip_status_code)) from error
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            raise TransferFailed("it could not be done") from error
        if answer.status != _ANSWERED:
            raise TransferFailed("nobody answered")

    async def send_dtmf(self, digits: str) -> None:
        """Press keys, one after the other.

        Raises:
            ToolError: when there is no telephone at the other end.
        """
        if self._caller is None:
            raise ToolError(NO_TELEPHONE)
        for number, digit in enumerate(digits):
            if number:
                await asyncio.sleep(KEY_PAUSE_S)
            await self._room.local_participant.publish_dtmf(code=_CODES[digit], digit=digit)


def _reason(sip_status: int | None) -> str:
    match sip_status:
        case 486 | 600:
            return "the line is busy"
        case 408 | 480 | 487:
            return "nobody answered"
        case 603:
            return "they declined the call"
        case _:
            return "it could not be done"
