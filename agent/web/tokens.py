"""Tokens that let one caller into one room of their own, with our agent dispatched to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import jwt
from livekit import api

from agent.call.options import CallOptions, JobMetadata
from agent.settings import LiveKitSettings
from agent.web.admission import Admitted
from agent.web.refusals import Refusal
from agent.web.token_request import TokenRequest

EMPTY_ROOM_S = 60
"""How long a room waits for its caller; the agent is dispatched only when the room opens."""
DEPARTURE_S = 20
"""How long a room outlives its caller: the browser's own reconnection may take that long."""
MAX_PARTICIPANTS = 2
"""The caller, and a person who may take the call over; LiveKit does not count agents."""
RESUME_TTL = timedelta(hours=4)
"""How long a caller may come back to a call, counted from the last time they joined it."""

_USER, _TENANT = "parley.user", "parley.tenant"
"""Attributes of a resume token, which makes nobody a participant who would have them."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A caller's place in one call."""

    room: str
    identity: str
    name: str = ""
    user: str = ""
    tenant: str = ""
    """Who was let in to it; nobody else may come back to it."""


@dataclass(frozen=True, slots=True)
class Admittance:
    """What a caller is handed."""

    participant_token: str
    """Opens the room for a few minutes; it travels in addresses, which proxies may log."""
    resume_token: str
    """Proves the seat to this server, see `TokenMint.seat`, and opens nothing by itself."""


@dataclass(frozen=True, slots=True)
class TokenMint:
    """Makes tokens with a LiveKit key. The room and the identity are new each time and cannot be
    guessed, so a caller can reach no call but their own.
    """

    livekit: LiveKitSettings
    ttl_s: int
    """How long a caller may take to join; a call once joined is not cut by it."""

    def new_seat(self, request: TokenRequest, admitted: Admitted) -> Seat:
        """A seat in a call of its own."""
        return Seat(
            room=f"call-{secrets.token_hex(16)}",
            identity=f"caller-{secrets.token_hex(16)}",
            name=request.participant_name,
            user=admitted.user,
            tenant=admitted.tenant,
        )

    def begin(self, seat: Seat, request: TokenRequest, admitted: Admitted) -> Admittance:
        """A call with what the client asked for, as far as who let them in left it open."""
        decided = admitted.options.model_dump(exclude_none=True)
        options = request.options.model_copy(update=decided)
        room = self._room_configuration(seat, options)
        return self._admit(seat, self._joining(seat).with_room_config(room))

    def resume(self, seat: Seat) -> Admittance:
        """The same seat in a call that goes on. It dispatches no agent: that one is there."""
        return self._admit(seat, self._joining(seat))

    def seat(self, resume_token: str, admitted: Admitted) -> Seat:
        """The seat that a resume token of this server proves.

        Raises:
            Refusal: 403 for anything else, a token to join with included, and for somebody else
                than who was let in to it.
        """
        try:
            claims = api.TokenVerifier(*self._key).verify(resume_token)
        except (jwt.PyJWTError, ValueError):  # the latter for text that is no UTF-8
            raise _not_resumable() from None
        video = claims.video
        if video is None or video.room_join or not (video.room and claims.identity):
            raise _not_resumable()
        whose = claims.attributes or {}
        user, tenant = whose.get(_USER, ""), whose.get(_TENANT, "")
        if (user, tenant) != (admitted.user, admitted.tenant):
            raise _not_resumable()
        return Seat(video.room, claims.identity, claims.name, user, tenant)

    @property
    def _key(self) -> tuple[str, str]:
        return (
            self.livekit.api_key.get_secret_value(),
            self.livekit.api_secret.get_secret_value(),
        )

    def _admit(self, seat: Seat, joining: api.AccessToken) -> Admittance:
        return Admittance(joining.to_jwt(), self._proof(seat).to_jwt())

    def _joining(self, seat: Seat) -> api.AccessToken:
        ttl = timedelta(seconds=self.ttl_s)
        return self._token(seat).with_ttl(ttl).with_grants(_caller_grants(seat.room))

    def _proof(self, seat: Seat) -> api.AccessToken:
        proof = self._token(seat).with_ttl(RESUME_TTL).with_grants(_no_grants(seat.room))
        whose = {_USER: seat.user, _TENANT: seat.tenant}
        return proof.with_attributes({name: value for name, value in whose.items() if value})

    def _token(self, seat: Seat) -> api.AccessToken:
        return api.AccessToken(*self._key).with_identity(seat.identity).with_name(seat.name)

    def _room_configuration(self, seat: Seat, options: CallOptions) -> api.RoomConfiguration:
        # The worker listens to this participant alone, so the identity rides in the signed token.
        metadata = JobMetadata(
            **options.model_dump(),
            participant_identity=seat.identity,
            user=seat.user or None,
            tenant=seat.tenant or None,
        )
        return api.RoomConfiguration(
            agents=[
                api.RoomAgentDispatch(
                    agent_name=self.livekit.agent_name,
                    metadata=metadata.model_dump_json(exclude_defaults=True),
                )
            ],
            empty_timeout=EMPTY_ROOM_S,
            departure_timeout=DEPARTURE_S,
            max_participants=MAX_PARTICIPANTS,
        )


def _not_resumable() -> Refusal:
    return Refusal(
        HTTPStatus.FORBIDDEN, "not_resumable", "The resume_token is not valid, or not any more."
    )


def _caller_grants(room: str) -> api.VideoGrants:
    """Speak, listen and type in this room, and nothing else. Everything is named, because the
    library's defaults permit publishing of any kind.
    """
    return api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_subscribe=True,
        can_publish_data=True,
        can_update_own_metadata=False,
    )


def _no_grants(room: str) -> api.VideoGrants:
    """Names a room and opens it to nobody: LiveKit refuses a token without the right to join."""
    return api.VideoGrants(
        room_join=False, room=room, can_publish=False, can_subscribe=False, can_publish_data=False
    )
