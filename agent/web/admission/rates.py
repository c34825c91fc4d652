"""How often calls may be asked for, from one address and by one user."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from agent.errors import SettingsError
from agent.settings import RateSettings
from agent.web.admission.address import ClientAddress
from agent.web.admission.admitted import Admission, Admitted
from agent.web.admission.windows import MemoryWindows
from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

STORE_LIMIT_S = 0.5
AWAY_S = 5.0
"""After a failure, how long the shared store is not asked."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The rates of one kind of request, counted apart from those of others."""

    purpose: str
    address: tuple[RateLimitItem, ...]
    user: tuple[RateLimitItem, ...]

    @classmethod
    def of(cls, purpose: str, address: Sequence[str], user: Sequence[str]) -> Quota:
        """Of rates such as `10/minute`; none is no limit."""
        return cls(purpose, tuple(map(parse, address)), tuple(map(parse, user)))


class RateLimits:
    """Counts requests in moving windows, in Redis where several processes count together. While
    Redis is away each process counts for itself: nobody is refused for it, and nobody let through.

    Args:
        settings: Where they are counted.
        clock: Monotonic seconds.

    Raises:
        SettingsError: where they are counted together cannot be an address.
    """

    def __init__(
        self, settings: RateSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._memory = MovingWindowRateLimiter(MemoryWindows())
        url = settings.store_url
        self._shared = None if url is None else _shared(url.get_secret_value())
        self._away_until_s = -math.inf
        self._is_away = False

    async def require(self, quota: Quota, kind: str, whose: str) -> None:
        """Count one request.

        Raises:
            Refusal: 429, with the time after which there is room again.
        """
        # Neither addresses nor names of users lie about in Redis.
        key = hashlib.sha256(whose.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        for rate in quota.address if kind == "address" else quota.user:
            wait_s = await self._hit(rate, quota.purpose, kind, key)
            if wait_s > 0:
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too_many_requests",
                    "That was asked for too often. Please wait a little, then try again.",
                    retry_after_s=wait_s,
                )

    async def _hit(self, rate: RateLimitItem, *key: str) -> int:
        """Seconds to wait; 0 if it was counted."""
        shared = self._shared
        if shared is not None and self._clock() >= self._away_until_s:
            try:
                async with asyncio.timeout(STORE_LIMIT_S):
                    wait_s = await _hit(shared, rate, *key)
            except _away(shared) as error:
                self._note_away(error)
            else:
                self._note_back()
                return wait_s
        return await _hit(self._memory, rate, *key)

    def _note_away(self, error: Exception) -> None:
        self._away_until_s = self._clock() + AWAY_S
        if not self._is_away:
            kind = type(error).__name__  # alone: the message may hold the address
            logger.warning(
                "PARLEY_RATE_STORE_URL does not answer; requests are counted in this process",
                extra={"error": kind},
            )
        self._is_away = True

    def _note_back(self) -> None:
        if self._is_away:
            logger.info("PARLEY_RATE_STORE_URL answers again")
        self._is_away = False


class Limited:
    """A rule, and how often it lets the same one pass. An Admission.

    The address is counted before the rule is asked: guessing passes is limited too, and a refusal
    for it says nothing of the pass.
    """

    def __init__(
        self, rule: Admission, limits: RateLimits, quota: Quota, address: ClientAddress
    ) -> None:
        self._rule = rule
        self._limits = limits
        self._quota = quota
        self._address = address

    async def __call__(self, request: Request) -> Admitted:
        """See Admission."""
        await self._limits.require(self._quota, "address", self._address.of(request))
        admitted = await self._rule(request)
        if admitted.subject:
            await self._limits.require(self._quota, "user", admitted.subject)
        return admitted


def _shared(url: str) -> MovingWindowRateLimiter:
    try:
        storage = storage_from_string(
            f"async+{url}", key_prefix="parley", connect_timeout=STORE_LIMIT_S
        )
    except (ConfigurationError, ValueError, TypeError):  # their words may hold the password
        raise SettingsError(
            ["PARLEY_RATE_STORE_URL: must be such as redis://:password@host:6379/0"]
        ) from None
    return MovingWindowRateLimiter(storage)


def _away(shared: MovingWindowRateLimiter) -> tuple[type[Exception], ...]:
    of_storage = shared.storage.base_exceptions
    listed = of_storage if isinstance(of_storage, tuple) else (of_storage,)
    return (*listed, OSError, TimeoutError)


async def _hit(limiter: MovingWindowRateLimiter, rate: RateLimitItem, *key: str) -> int:
    if await limiter.hit(rate, *key):
        return 0
    reset_s = (await limiter.get_window_stats(rate, *key)).reset_time
    return max(1, math.ceil(reset_s - time.time()))
