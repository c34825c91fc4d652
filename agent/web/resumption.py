"""Back into a running call: a page that was reloaded returns to its own seat, and to no other.

Room and identity come out of a token that this server signed, so a client chooses neither. What has
ended stays ended: LiveKit would open a room of the same name again, without a conversation in it.
"""

from __future__ import annotations

from http import HTTPStatus

import aiohttp
from livekit import api
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.settings import LiveKitSettings
from agent.web.health import http_origin
from agent.web.openapi import described
from agent.web.refusals import Refusal
from agent.web.tokens import Seat

LIVEKIT_TIMEOUT_S = 3.0
RETRY_S = 5


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    resume_token: str


RESUME_REQUEST = described("A token to come back to a call with", _Body, required=True)


def read_resume_token(body: bytes) -> str:
    """The resume token in a POST body. Raises Refusal for any other body."""
    try:
        return _Body.model_validate_json(body, strict=True).resume_token
    except ValidationError:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            "The body must be a JSON object with a resume_token, and nothing else.",
        ) from None


async def require_running(seat: Seat, livekit: LiveKitSettings) -> None:
    """Return if the call of this seat goes on.

    Raises:
        Refusal: 410 when it has ended, 503 when the LiveKit server does not say.
    """
    if not await is_running(seat, livekit):
        raise Refusal(HTTPStatus.GONE, "call_ended", "The call has ended.")


async def is_running(seat: Seat, livekit: LiveKitSettings) -> bool:
    """Whether the call of this seat goes on; an agent closes the room of a call that is over.

    Raises:
        Refusal: 503 when the LiveKit server does not say.
    """
    timeout = aiohttp.ClientTimeout(total=LIVEKIT_TIMEOUT_S)
    key, secret = livekit.api_key.get_secret_value(), livekit.api_secret.get_secret_value()
    try:
        async with api.LiveKitAPI(http_origin(livekit.url), key, secret, timeout=timeout) as server:
            answer = await server.room.list_rooms(api.ListRoomsRequest(names=[seat.room]))
    except (TimeoutError, aiohttp.ClientError, api.TwirpError):
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "call_server_unreachable",
            "The call server cannot be reached. Please try again in a moment.",
            retry_after_s=RETRY_S,
        ) from None
    return bool(answer.rooms)
