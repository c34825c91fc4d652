"""A script for the sandbox: replies, delays and faults, so that tests and benchmarks are exact."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

Endpoint = Literal["realtime", "response", "chat", "speech", "transcriptions"]
"""`realtime` is a connection, `response` the next response on any connection that is open."""


class ScriptError(ValueError):
    """A script file that cannot be played; the message names the file and the field or line."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delays(_Part):
    """Seconds from request to the named moment; what the engines need counts as part of it.
    None leaves the engines their own time.
    """

    stt_s: float | None = Field(default=None, ge=0)
    llm_first_token_s: float | None = Field(default=None, ge=0)
    llm_tokens_per_s: float | None = Field(default=None, gt=0)
    tts_first_byte_s: float | None = Field(default=None, ge=0)
    realtime_first_audio_s: float | None = Field(default=None, ge=0)


class ScriptedToolCall(_Part):
    """A function call to make, whether or not it was offered."""

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)
    """A string is sent as it stands, so that broken JSON can be scripted."""


class _Repeatable(_Part):
    """What is played more than once."""

    times: int = Field(default=1, ge=0)


class ScriptedReply(_Repeatable):
    """What to answer. With `match` (a regular expression, case ignored) it answers only a user text
    in which it is found; without, it is next in line. Each is used `times` times; 0 is for ever.
    """

    match: str | None = None
    text: str = ""
    tool_calls: tuple[ScriptedToolCall, ...] = ()

    @field_validator("match")
    @classmethod
    def _is_regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as fault:
            raise ValueError(f"not a regular expression: {fault}") from fault
        return pattern

    def answers(self, user_text: str) -> bool:
        """Whether this reply fits the user's text."""
        return self.match is None or bool(re.search(self.match, user_text, re.IGNORECASE))


class ScriptedTranscript(_Repeatable):
    """What the recogniser answers, in line, instead of listening."""

    text: str


class Fault(_Repeatable):
    """Something that goes wrong at an endpoint, `times` times (0: every time).

    status: answer `status` in OpenAI's error shape. hang: accept and never answer. garbage: send
    invalid data where an event or body belongs. drop: cut the TCP connection without a close frame
    after `after_events` server events (chunks over HTTP) or `after_s`. close: the same with an
    orderly close. half_open: after `after_events` or `after_s` read and write nothing, and keep the
    connection open. keep_alive: over HTTP, begin to answer and then send nothing but comments.
    empty: answer in due form with nothing in it; a response goes without its audio.
    """

    on: Endpoint
    kind: Literal["status", "hang", "garbage", "drop", "close", "half_open", "keep_alive", "empty"]
    status: int = Field(default=500, ge=400, le=599)
    retry_after_s: float | None = Field(default=None, ge=0)
    after_events: int | None = Field(default=None, ge=0)
    after_s: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits_endpoint(self) -> Self:
        unfit = {"realtime": ("keep_alive", "empty"), "response": ("status", "keep_alive")}
        if self.kind in unfit.get(self.on, ()):
            raise ValueError(f"{self.kind} cannot befall {self.on}")
        if self.on == "response" and self.after_s is not None:
            raise ValueError("a response counts after_events, not after_s")
        return self


class Plan(_Part):
    """A whole script, as its TOML file or the body of `POST /control` says it."""

    delays: Delays = Delays()
    replies: tuple[ScriptedReply, ...] = ()
    transcripts: tuple[ScriptedTranscript, ...] = ()
    faults: tuple[Fault, ...] = ()

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """The plan in a TOML file. Raises ScriptError if it cannot be read or is not a plan."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise ScriptError(f"{path}: {fault}") from fault
        except ValidationError as fault:
            raise ScriptError(f"{path}: {describe_faults(fault)}") from fault


def describe_faults(fault: ValidationError) -> str:
    """Every invalid field with what is wrong with it, on one line. Values are left out."""
    return "; ".join(
        f"{_field_name(error['loc'])}: {error['msg']}" for error in fault.errors(include_url=False)
    )


def _field_name(location: Iterable[int | str]) -> str:
    """`("faults", 0, "kind")` as `faults[0].kind`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".") or "the script"


_ItemT = TypeVar("_ItemT", bound=_Repeatable)


class _Line(Generic[_ItemT]):
    """Items in the order of the plan, each with how often it may still be played."""

    def __init__(self, items: Iterable[_ItemT]) -> None:
        self._left = [(item, item.times or math.inf) for item in items]

    def take(self, fits: Callable[[_ItemT], bool]) -> _ItemT | None:
        """The first item that fits, played once; None when there is none left."""
        for place, (item, times) in enumerate(self._left):
            if times > 0 and fits(item):
                self._left[place] = (item, times - 1)
                return item
        return None


class Script:
    """A plan being played: each reply, transcript and fault is taken as often as it says.

    One event loop plays it; it is not made for threads.
    """

    def __init__(self, plan: Plan | None = None) -> None:
        self.load(plan or Plan())

    def load(self, plan: Plan) -> None:
        """Start over with another plan; the counts go back to nought too."""
        self._delays = plan.delays
        self._replies = _Line(plan.replies)
        self._transcripts = _Line(plan.transcripts)
        self._faults = _Line(plan.faults)
        self.requests: Counter[Endpoint] = Counter()
        """How many requests or connections each endpoint got."""
        self.taken: Counter[str] = Counter()
        """How many `replies`, `transcripts` and `faults` were played."""

    @property
    def delays(self) -> Delays:
        """The delays in force."""
        return self._delays

    def take_reply(self, user_text: str) -> ScriptedReply | None:
        """The scripted reply to this text, or None: then the mind answers.

        The first in the order of the plan that fits and is not used up.
        """
        reply = self._replies.take(lambda candidate: candidate.answers(user_text))
        return self._count("replies", reply)

    def take_transcript(self) -> ScriptedTranscript | None:
        """The scripted transcript that is next, or None: then the ears listen."""
        return self._count("transcripts", self._transcripts.take(lambda _: True))

    def take_fault(self, endpoint: Endpoint) -> Fault | None:
        """The fault that befalls this request or connection, or None.

        Ask once for each: this is also what counts `requests`.
        """
        self.requests[endpoint] += 1
        return self._count("faults", self._faults.take(lambda fault: fault.on == endpoint))

    def _count(self, kind: str, item: _ItemT | None) -> _ItemT | None:
        if item is not None:
            self.taken[kind] += 1
        return item
