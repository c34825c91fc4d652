"""The rule `link`: whoever has a link that was signed with one of our keys may call.

The link's value is a JWT of its own kind, so that any language can make one: HS256 with the
audience below and an `exp`; `sub`, `tenant` and `options` may stand in it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import jwt
from fastapi import Request

from agent.web.admission.admitted import Admitted
from agent.web.admission.bearer import bearer_of
from agent.web.admission.claims import admitted_by, signed_with_one_of

AUDIENCE = "parley-link"
ALGORITHM = "HS256"


class SignedLinks:
    """Admits by the value of a link. An Admission."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)

    async def __call__(self, request: Request) -> Admitted:
        """See Admission."""
        claims = signed_with_one_of(bearer_of(request), self._keys, audience=AUDIENCE)
        return admitted_by(claims, tenant="tenant")


def make_link_value(admitted: Admitted, key: str, *, lasts: timedelta) -> str:
    """The value of a link for somebody; two for the same are told apart by their ids."""
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "exp": int(time.time() + lasts.total_seconds()),
        "jti": admitted.pass_id or secrets.token_urlsafe(9),
    }
    if admitted.user:
        claims["sub"] = admitted.user
    if admitted.tenant:
        claims["tenant"] = admitted.tenant
    if options := admitted.options.model_dump(exclude_none=True):
        claims["options"] = options
    return jwt.encode(claims, key, algorithm=ALGORITHM)
