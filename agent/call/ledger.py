"""What keeps an effect from happening twice: tool calls are claimed before they are run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["new", "running", "done", "unknown"]
"""new: claimed by who asked, who runs it and tells how it ended. running: somebody else has it.
done: it has happened. unknown: who ran it died or went silent, so it may have happened or not.
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the ledger knows of a request at the moment it is asked for."""

    status: Status
    result: str | None = None
    """What the tool answered; None unless it is done."""


class Ledger(Protocol):
    """The effects of one call, each of which happens at most once for a key."""

    async def begin(self, key: str) -> Claim:
        """Claim a request. Of any number of claims at once, in one process or in several, one is
        new.
        """
        ...

    async def finish(self, key: str, result: str) -> None:
        """It has happened, and this was the answer; later claims are told so."""
        ...

    async def fail(self, key: str) -> None:
        """It has certainly not happened, and may be claimed anew. Where that is not certain, say
        nothing: the claim is told as running, and later as unknown.
        """
        ...


_request_key: ContextVar[str | None] = ContextVar("request_key", default=None)


def request_key() -> str | None:
    """The key of the request in which a tool runs now, unique over all calls, for storage that
    can refuse to do the same thing twice; None for a tool without effects.
    """
    return _request_key.get()


@contextmanager
def as_request(key: str) -> Iterator[None]:
    """Let a tool run under this key. What is started inside inherits it, threads included."""
    token = _request_key.set(key)
    try:
        yield
    finally:
        _request_key.reset(token)
