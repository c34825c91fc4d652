"""What a client may ask of the token endpoint.

The body is LiveKit's TokenSource request in proto JSON: snake_case or camelCase names, and an empty
value means the same as an absent one. A client chooses its display name and the options of its
call; the room, the identity and what the token permits are the server's.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from agent.call.options import CallOptions
from agent.errors import CallOptionsError
from agent.web.refusals import Refusal, shown

MAX_BODY_BYTES = 16 * 1024
MAX_NAME_LENGTH = 128

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


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request found fit to be served."""

    participant_name: str = ""
    options: CallOptions = field(default_factory=CallOptions)


def read_token_request(body: bytes, *, agent_name: str) -> TokenRequest:
    """The request in a POST body; an empty body asks for nothing in particular.

    Raises:
        Refusal: 400 for what is not JSON, 422 for what a client may not set or sets wrongly.
    """
    if not body.strip():
        return TokenRequest()
    message = _parse(body)
    _refuse_undeclared(message, within="")
    return TokenRequest(
        participant_name=_name(message.participant_name or ""),
        options=_options(message.room_config, agent_name=agent_name),
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


def _refuse_undeclared(message: _ProtoMessage, *, within: str) -> None:
    """Refuse every field with a value that clients may not set, whether we know it or not."""
    for name, value in (message.model_extra or {}).items():
        if value not in (None, "", 0, False, [], {}):
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "field_not_allowed",
                f"The field {shown(within + name)} is set by the server; leave it out.",
            )


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
