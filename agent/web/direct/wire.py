"""What a page sends about its direct call, and what it is answered: JSON of known fields only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from agent.web.direct.usage import ReportedUsage
from agent.web.refusals import Refusal

MAX_TOOL_BODY_BYTES = 64 * 1024
MAX_REPORT_BODY_BYTES = 128 * 1024
MOST_EVENTS = 50
"""In one report."""
MAX_TEXT = 8_000

_ItemId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w.:-]+$")]
_Text = Annotated[str, Field(max_length=MAX_TEXT)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ToolAsked(_Wire):
    """The model in the page has called a tool."""

    call_id: _ItemId
    """The provider's name of this call: asked again, it is answered again and done once."""
    arguments: Annotated[str, Field(max_length=MAX_TOOL_BODY_BYTES)] = "{}"
    """JSON, as the model wrote it."""


class ToolAnswer(_Wire):
    """What the page tells the model, and does."""

    output: str
    failed: bool = False
    silent: bool = False
    """Whether the model is to say nothing about it."""
    say: str = ""
    """Instructions for a reply in its place, that puts a question to the caller."""
    hang_up: bool = False
    """Whether the call ends after the next reply."""


class TurnBegan(_Wire):
    """The caller has begun to speak."""

    kind: Literal["turn_began"]
    item_id: _ItemId


class TurnHeard(_Wire):
    """What the caller said, or typed."""

    kind: Literal["turn_heard"]
    item_id: _ItemId
    text: _Text


class TurnSpoken(_Wire):
    """What the agent said."""

    kind: Literal["turn_spoken"]
    item_id: _ItemId
    text: _Text
    """What it was going to say."""
    heard: _Text
    """As much of it as was played; where it was cut off, the page's own estimate."""
    interrupted: bool = False
    answers: Literal[""] | _ItemId = ""
    """The call of a tool whose question it puts, see `ToolAnswer.say`."""


class Used(_Wire):
    """What the provider says it has used for a reply, or to write down what was said."""

    kind: Literal["used"]
    by: Literal["model", "transcription"]
    usage: ReportedUsage


class Faulted(_Wire):
    """The provider told the page of an error."""

    kind: Literal["fault"]
    code: Annotated[str, Field(max_length=100)] = ""
    message: Annotated[str, Field(max_length=500)] = ""


class Ended(_Wire):
    """The page has ended the call."""

    kind: Literal["ended"]
    reason: Literal["hung up", "agent hung up", "page closed", "connection lost", "time is over"]


Reported = TurnBegan | TurnHeard | TurnSpoken | Used | Faulted | Ended


class Report(_Wire):
    """What has happened since the last one. An empty one tells that the page is there."""

    events: Annotated[
        list[Annotated[Reported, Field(discriminator="kind")]], Field(max_length=MOST_EVENTS)
    ]


_Body = TypeVar("_Body", ToolAsked, Report)


def read_body(kind: type[_Body], body: bytes) -> _Body:
    """A body of this kind.

    Raises:
        Refusal: 400 for what is not JSON, 422 for what is no such body; nothing of it is repeated.
    """
    try:
        return kind.model_validate(from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        index = next((str(part) for part in first["loc"] if isinstance(part, int)), "")
        place = f"events.{index}" if index else "The body"
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_request",
            f"{place} is not of the form that this server takes.",
        ) from None
    except (ValueError, RecursionError):
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not valid JSON."
        ) from None
