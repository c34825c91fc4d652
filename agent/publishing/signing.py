"""Signatures of webhooks in the form of https://www.standardwebhooks.com: HMAC-SHA256 over id, time
and body, so that a receiver knows who sent it, and when, and that it is whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
MIN_BYTES, MAX_BYTES = 24, 64
"""Of a secret, as the specification asks."""


class Signing:
    """Signs with all of several secrets, so that one can be exchanged while receivers know only the
    old one or only the new one.

    Args:
        secrets: As `new_secret` makes them.

    Raises:
        ValueError: naming a secret that is none by its place, and never by its value.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        count = len(secrets)
        self._keys = [_key(s, f"{place} of {count}") for place, s in enumerate(secrets, 1)]

    def headers(self, message_id: str, sent_at_s: int, body: bytes) -> Mapping[str, str]:
        """What goes with a request: to be made anew for each try, because the time is signed."""
        signed = f"{message_id}.{sent_at_s}.".encode() + body
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(sent_at_s),
            "webhook-signature": " ".join(_signature(key, signed) for key in self._keys),
        }


def new_secret() -> str:
    """A secret for PARLEY_WEBHOOK_SECRETS: 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str, place: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not MIN_BYTES <= len(key) <= MAX_BYTES:
        raise ValueError(
            f"secret {place} is not {PREFIX} with {MIN_BYTES} to {MAX_BYTES} bytes in base64;"
            " make one with `python agent.py webhooks new-secret`"
        )
    return key
