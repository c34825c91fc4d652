"""The public keys of an issuer, as its JWKS URL tells them."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import jwt
from pydantic_core import from_json

from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

FETCH_LIMIT_S = 3.0
FRESH_S = 600.0
"""How long keys are used without another look."""
STALE_S = 3600.0
"""How long they are used while the issuer does not answer: a key that was taken back opens nothing
for longer."""
PAUSE_S = 15.0
"""Between two looks, whatever keys are asked for: anybody can name one that there is not."""
MAX_BYTES = 256 * 1024
KEY_TYPES = ("RSA", "EC", "OKP")
"""Keys with a private half. One that is shared has no place where everybody reads it."""


class KeySet:
    """Keys by their names, kept for a while.

    Args:
        url: Where they are told.
        clock: Monotonic seconds.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: Mapping[str, Any] = {}
        self._fetched_s = self._tried_s = -math.inf
        self._is_away = False
        self._fetching = asyncio.Lock()

    async def find(self, name: str | None) -> Any | None:
        """The key of this name, or the only one there is; None where there is none.

        Raises:
            Refusal: 503 where the issuer has to be asked and does not answer.
        """
        if self._age_s() > FRESH_S or self._named(name) is None:
            await self._renew()
        key = self._named(name)
        # One that is not known may be new, as far as one can tell.
        if self._age_s() > STALE_S or (key is None and self._is_away):
            raise _unreachable()
        return key

    def _age_s(self) -> float:
        return self._clock() - self._fetched_s

    def _named(self, name: str | None) -> Any | None:
        if name is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(name)

    async def _renew(self) -> None:
        async with self._fetching:  # who waited finds what the first one fetched
            if self._clock() - self._tried_s < PAUSE_S:
                return
            try:
                self._keys = await _fetch(self._url)
                self._fetched_s, self._is_away = self._clock(), False
            except (TimeoutError, aiohttp.ClientError, ValueError) as error:
                self._is_away = True
                logger.warning(
                    "the issuer's keys cannot be read", extra={"error": type(error).__name__}
                )
            finally:
                # After the try: as long as it went on, others waited for it.
                self._tried_s = self._clock()


async def _fetch(url: str) -> Mapping[str, Any]:
    timeout = aiohttp.ClientTimeout(total=FETCH_LIMIT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.get(url, allow_redirects=False) as answer,
    ):
        if answer.status != HTTPStatus.OK:
            raise ValueError("the status is not 200")
        content = bytearray()
        async for part in answer.content.iter_any():
            content += part
            if len(content) > MAX_BYTES:
                raise ValueError("the key set is too long")
    return _usable(from_json(bytes(content)))


def _usable(key_set: Any) -> Mapping[str, Any]:
    """Of a JWKS document, the keys to verify with; others that stand in it are passed over."""
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(listed, list):
        raise ValueError("this is no key set")  # noqa: TRY004 - of a document, not of a caller
    found: dict[str, Any] = {}
    for each in listed:
        if not isinstance(each, dict) or each.get("kty") not in KEY_TYPES:
            continue
        if each.get("use", "sig") != "sig":
            continue
        try:
            found[str(each.get("kid", ""))] = jwt.PyJWK(each).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
    return found


def _unreachable() -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "keys_unreachable",
        "Passes cannot be checked at the moment. Please try again in a moment.",
        retry_after_s=int(PAUSE_S),
    )
