"""One signed request to one URL, tried until it is taken or given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
import stamina

from agent.publishing.signing import Signing

LONGEST_RETRY_AFTER_S = 60.0
_PASSING = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class GivenUp(Exception):
    """A message that was not taken. The text says why, without the address.

    Args:
        why: Why.
        refused: Whether the receiver answered that it does not take this one.
        gone: Whether it takes none any more.
    """

    def __init__(self, why: str, *, refused: bool = False, gone: bool = False) -> None:
        super().__init__(why)
        self.refused = refused
        self.gone = gone


class _NotNow(Exception):
    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Pace:
    """How a message is tried again, in seconds."""

    try_s: float = 10.0
    """For one request."""
    give_up_s: float = 60.0
    """For all of them."""
    first_wait_s: float = 0.5
    most_wait_s: float = 15.0
    jitter_s: float = 1.0


class Sender:
    """Sends messages. What is not taken for a passing reason (no connection, no answer, 408, 425,
    429, 5xx) is tried again with growing waits, or when the receiver says; anything else that is no
    2xx is given up at once, redirects included.

    Args:
        client: Connects only where it may, and follows no redirects.
        signing: Signs each try.
        pace: How long things may take.
        clock: The wall clock, in seconds.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        signing: Signing,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._signing = signing
        self._pace = pace or Pace()
        self._clock = clock

    async def send(self, url: str, message_id: str, body: bytes) -> None:
        """Return when it is taken.

        Raises:
            GivenUp: it was not.
        """
        pace = self._pace
        try:
            async for attempt in stamina.retry_context(
                on=_wait_after,
                attempts=None,
                timeout=pace.give_up_s,
                wait_initial=pace.first_wait_s,
                wait_max=pace.most_wait_s,
                wait_jitter=pace.jitter_s,
            ):
                with attempt:
                    await self._try(url, message_id, body)
        except _NotNow as error:
            raise GivenUp(str(error)) from None
        except httpx2.HTTPError as error:
            raise GivenUp(type(error).__name__) from None

    async def _try(self, url: str, message_id: str, body: bytes) -> None:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parley",
            **self._signing.headers(message_id, int(self._clock()), body),
        }
        # What the receiver has to say beyond its status is not read.
        async with self._client.stream(
            "POST", url, content=body, headers=headers, timeout=self._pace.try_s
        ) as response:
            status, wait_s = response.status_code, _retry_after_s(response)
        if 200 <= status < 300:
            return
        if status in _PASSING or status >= 500:
            raise _NotNow(f"status {status}", wait_s)
        raise GivenUp(f"status {status}", refused=True, gone=status == HTTPStatus.GONE)


def _wait_after(error: Exception) -> bool | float:
    if isinstance(error, _NotNow):
        return True if error.wait_s is None else error.wait_s
    return isinstance(error, httpx2.TransportError)


def _retry_after_s(response: httpx2.Response) -> float | None:
    """In seconds; the other form of it, a date, is taken for none."""
    told = response.headers.get("Retry-After", "").strip()
    if not (told.isascii() and told.isdecimal()):
        return None
    return LONGEST_RETRY_AFTER_S if len(told) > 4 else min(float(told), LONGEST_RETRY_AFTER_S)
