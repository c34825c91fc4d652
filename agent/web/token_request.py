"""What a client may ask of the token endpoint.

The body is LiveKit's TokenSource request in proto JSON: snake_case or camelCase names, and an empty
value means the same as an absent one. A client chooses its display name and the options of its
call; the room, the identity and what the token permits are the server's. One that has a seat may
ask for it again: with its resume token, and with the room and identity of that seat or without.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from agent.call.options import CallOptions
from agent.errors import CallOptionsError
from agent.web.openapi import described
from agent.web.refusals import Refusal, shown

MAX_NAME_LENGTH = 128

_SEAT_FIELDS = ("room_name", "participant_identity")
"""What a client may only name that shows the resume token of that seat."""
_JOINERS = "\u200c\u200d"  # zero width, yet part of names in Persian and Hindi, and of emoji
_UNFIT_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, invisible formats, line breaks


class _ProtoMessage(BaseModel):
    """A message in proto JSON; fields that are not declared are kept, to be judged by value."""

    model_config = ConfigDict(
        extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class _AgentDispatch(_ProtoMessage):
    agent_name: str | None = None
    metadata: str | None = None


class _RoomConfiguration(_ProtoMessage):
    agents: list[_AgentDispatch] | None = None


class _Body(_ProtoMessage):
    participant_name: str | None = None
    room_config: _RoomConfiguration | None = None
    resume_token: str | None = None


TOKEN_REQUEST = described(
    "A token to join a new call with, or the same one again", _Body, required=False
)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request found fit to be served."""

    participant_name: str = ""
    options: CallOptions = field(default_factory=CallOptions)
    resume_token: str = ""
    """The proof of a seat that is asked for again; empty for a new one."""
    room: str = ""
    identity: str = ""
    """Those of that seat, or empty."""


def read_token_request(body: bytes, *, agent_name: str, resume_token: str = "") -> TokenRequest:
    """The request in a POST body; an empty body asks for nothing in particular.

    Args:
        body: As it came.
        agent_name: The one agent that a client may name.
        resume_token: Where it did not come in the body.

    Raises:
        Refusal: 400 for what is not JSON, 422 for what a client may not set or sets wrongly.
    """
    message = _parse(body) if body.strip() else _Body()
    resume_token = message.resume_token or resume_token
    allowed = _SEAT_FIELDS if resume_token else ()
    _refuse_undeclared(message, within="", allowed=allowed)
    room, identity = (_seat_field(message, name) for name in _SEAT_FIELDS)
    return TokenRequest(
        participant_name=_name(message.participant_name or ""),
        options=_options(message.room_config, agent_name=agent_name),
        resume_token=resume_token,
        room=room,
        identity=identity,
    )


def _parse(body: bytes) -> _Body:
    try:
        return _Body.model_validate(from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if not first["loc"]:
            raise _invalid("The body must be a JSON object.") from None
        raise _invalid(f"The field {_path(first['loc'])} has the wrong type.") from None
    except ValueError:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not valid JSON."
        ) from None


def _refuse_undeclared(message: _ProtoMessage, *, within: str, allowed: Sequence[str] = ()) -> None:
    """Refuse every field with a value that clients may not set, whether we know it or not."""
    spellings = {*allowed, *map(to_camel, allowed)}
    for name, value in (message.model_extra or {}).items():
        if name not in spellings and value not in (None, "", 0, False, [], {}):
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "field_not_allowed",
                f"The field {shown(within + name)} is set by the server; leave it out.",
            )


def _seat_field(message: _ProtoMessage, name: str) -> str:
    extra = message.model_extra or {}
    value = extra.get(name) or extra.get(to_camel(name)) or ""
    if not isinstance(value, str):
        raise _invalid(f"The field {name} has the wrong type.")
    return value


def _name(name: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        raise _invalid(f"participant_name must not be longer than {MAX_NAME_LENGTH} characters.")
    if any(unicodedata.category(c) in _UNFIT_CATEGORIES and c not in _JOINERS for c in name):
        raise _invalid("participant_name must not contain control characters.")
    return name.strip()


def _options(room: _RoomConfiguration | None, *, agent_name: str) -> CallOptions:
    if room is None:
        return CallOptions()
    _refuse_undeclared(room, within="room_config.")
    agents = room.agents or []
    if len(agents) > 1:
        raise _invalid("room_config.agents may name one agent at most.")
    for agent in agents:
        _refuse_undeclared(agent, within="room_config.agents.0.")
        if agent.agent_name and agent.agent_name != agent_name:
            raise _invalid(
                "room_config.agents.0.agent_name is not the agent of this server; leave it out."
            )
        if agent.metadata:
            return _call_options(agent.metadata)
    return CallOptions()


def _call_options(metadata: str) -> CallOptions:
    where = "room_config.agents.0.metadata"
    try:
        return CallOptions.known(from_json(metadata, allow_inf_nan=False))
    except ValueError:
        raise _invalid(f"{where} must be a JSON object of call options.") from None
    except CallOptionsError as error:
        raise _invalid(f"{where}: {error}.") from None


def _invalid(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message)


def _path(location: tuple[int | str, ...]) -> str:
    return shown(".".join(str(part) for part in location))
