"""A short-lived secret for a browser, asked of the provider with the operator's key."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

LIMIT_S = 10.0
RETRY_AFTER_S = 60
MOST_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """Where the provider is for this server, and the key for it."""

    base_url: str
    api_key: str = field(repr=False)


class ClientSecret(BaseModel):
    """What a page shows the provider. It opens sessions until it expires, and these go on."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    value: str = Field(min_length=1, max_length=4_096, repr=False)
    expires_at: int


async def make_client_secret(
    account: ProviderAccount, session: Mapping[str, Any], *, lasts_s: int
) -> ClientSecret:
    """A secret that opens this session. What the provider answers goes no further than this.

    Raises:
        Refusal: 502 where the provider does not take what this server asks, 503 where it may later.
    """
    body = {
        "expires_after": {"anchor": "created_at", "seconds": lasts_s},
        "session": dict(session),
    }
    headers = {"Authorization": f"Bearer {account.api_key}"}
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    url = f"{account.base_url}/realtime/client_secrets"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as http,
            http.post(url, json=body, allow_redirects=False) as answer,
        ):
            content = await answer.content.read(MOST_ANSWER_BYTES)
            while len(content) < MOST_ANSWER_BYTES and (more := await answer.content.readany()):
                content += more
            status = answer.status
    except (TimeoutError, aiohttp.ClientError) as error:
        logger.warning("no client secret could be had", extra={"error": type(error).__name__})
        raise _unreachable() from None
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        logger.warning("no client secret could be had", extra={"status": status})
        raise _refused(status)
    try:
        return ClientSecret.model_validate_json(content)
    except ValidationError:
        logger.warning("no client secret could be had", extra={"error": "another answer"})
        raise _unfit() from None


def _refused(status: int) -> Refusal:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "provider_busy",
            "The speech provider takes no more calls at the moment. Try again in a minute.",
            retry_after_s=RETRY_AFTER_S,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unreachable()
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Refusal(
            HTTPStatus.BAD_GATEWAY,
            "provider_refused",
            "The speech provider does not let this server in. Whoever runs it has to see to its"
            " key.",
        )
    return _unfit()


def _unreachable() -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "provider_unreachable",
        "The speech provider cannot be reached. Try again in a minute.",
        retry_after_s=RETRY_AFTER_S,
    )


def _unfit() -> Refusal:
    return Refusal(
        HTTPStatus.BAD_GATEWAY,
        "provider_unfit",
        "The speech provider takes no direct calls of this kind. Whoever runs this server has to"
        " see to its settings.",
    )
