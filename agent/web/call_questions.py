"""Which calls a client asks for, as parameters of its address."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.records.query import CallQuery, CallStatus, Place

MOST_SEARCHED = 300
"""Calls whose words are looked through in one request; the answer tells where to go on."""

_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _aware(moment: datetime) -> datetime:
    """In UTC where it does not say; what no call can have begun at is refused, as databases do."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not _OLDEST <= moment <= _LATEST:
        raise ValueError("is out of range")
    return moment.astimezone(UTC)


def _place(cursor: str) -> str:
    read_place(cursor)
    return cursor


def _storable(text: str) -> str:
    if "\0" in text or text.encode("utf-8", "replace").decode() != text:
        raise ValueError("is no text that a database can have")
    return text


Moment = Annotated[datetime, AfterValidator(_aware)]
Text = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_storable)]
Cursor = Annotated[str, Field(max_length=1_000), AfterValidator(_place)]


class Period(BaseModel):
    """When the calls began; `before` is excluded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = None
    before: Moment | None = None


class ListParameters(Period):
    """What `GET /api/calls` takes."""

    text: Text | None = None
    caller: Text | None = None
    state: CallStatus | None = None
    reason: Text | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor | None = None

    @property
    def tells_words(self) -> bool:
        """Whether the answer tells who it was or what was said, if only by what is found."""
        return self.text is not None or self.caller is not None

    def query(self) -> CallQuery:
        """The same for the records."""
        return CallQuery(
            caller=self.caller,
            since=self.since,
            before=self.before,
            state=self.state,
            reason=self.reason,
            text=self.text,
            behind=None if self.cursor is None else read_place(self.cursor),
            limit=self.limit,
            most_searched=MOST_SEARCHED,
        )


def write_place(place: Place) -> str:
    """A place in the list as clients hand it back."""
    values = [place.started_at.isoformat(), place.call_id]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def read_place(cursor: str) -> Place:
    """What `write_place` wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        started_at, call_id = json.loads(base64.urlsafe_b64decode(cursor))
        return Place(_aware(datetime.fromisoformat(started_at)), _storable(str(call_id)))
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("is no place in the list") from None
