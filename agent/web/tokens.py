"""Tokens that let one caller into one room of their own, with our agent dispatched to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from livekit import api

from agent.call.options import JobMetadata
from agent.settings import LiveKitSettings
from agent.web.token_request import TokenRequest

EMPTY_ROOM_S = 60
"""How long a room waits for its caller; the agent is dispatched only when the room opens."""
DEPARTURE_S = 20
"""How long a room outlives its caller: the browser's own reconnection may take that long."""
MAX_PARTICIPANTS = 2
"""The caller, and a person who may take the call over; LiveKit does not count agents."""


@dataclass(frozen=True, slots=True)
class TokenMint:
    """Makes tokens with a LiveKit key. The room and the identity are new each time and cannot be
    guessed, so a caller can reach no call but their own.
    """

    livekit: LiveKitSettings
    ttl_s: int
    """How long a caller may take to join; a call once joined is not cut by it."""

    def token(self, request: TokenRequest) -> str:
        """A signed token for a new call with what the client asked for."""
        room = f"call-{secrets.token_hex(16)}"
        identity = f"caller-{secrets.token_hex(16)}"
        return (
            api.AccessToken(
                self.livekit.api_key.get_secret_value(), self.livekit.api_secret.get_secret_value()
            )
            .with_identity(identity)
            .with_name(request.participant_name)
            .with_ttl(timedelta(seconds=self.ttl_s))
            .with_grants(_caller_grants(room))
            .with_room_config(self._room_configuration(identity, request))
            .to_jwt()
        )

    def _room_configuration(self, identity: str, request: TokenRequest) -> api.RoomConfiguration:
        # The worker listens to this participant alone, so the identity rides in the signed token.
        metadata = JobMetadata(**request.options.model_dump(), participant_identity=identity)
        return api.RoomConfiguration(
            agents=[
                api.RoomAgentDispatch(
                    agent_name=self.livekit.agent_name,
                    metadata=metadata.model_dump_json(exclude_none=True),
                )
            ],
            empty_timeout=EMPTY_ROOM_S,
            departure_timeout=DEPARTURE_S,
            max_participants=MAX_PARTICIPANTS,
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
