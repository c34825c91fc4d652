"""What stands in a pass, once its signature was found to be good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from agent.call.options import MAX_USER_LENGTH, CallOptions
from agent.errors import CallOptionsError
from agent.web.admission.admitted import Admitted
from agent.web.admission.bearer import EXPIRED_CODE, expired, not_valid
from agent.web.refusals import Refusal

LEEWAY_S = 30
"""How far the clock of who signs may be off."""


def verified(token: str, key: Any, algorithms: Sequence[str], **wanted: Any) -> Mapping[str, Any]:
    """The claims of a JWT that expires, for this audience and, if it is named, by this issuer.

    Raises:
        Refusal: 401.
    """
    options: Any = {"require": ["exp", "aud"], "strict_aud": False}
    try:
        return jwt.decode(
            token, key, algorithms=list(algorithms), leeway=LEEWAY_S, options=options, **wanted
        )
    except jwt.ExpiredSignatureError:
        raise expired() from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        # The others for claims and headers of a form that the library does not foresee.
        raise not_valid() from None


def signed_with_one_of(token: str, keys: Sequence[str], *, audience: str) -> Mapping[str, Any]:
    """The claims of a JWT that we or the operator's site signed with a shared key. All keys are
    tried in constant time each, so that a new one can be put in front of an old one.

    Raises:
        Refusal: 401.
    """
    refusal = not_valid()
    for key in keys:
        try:
            return verified(token, key, ["HS256"], audience=audience)
        except Refusal as error:
            if error.code == EXPIRED_CODE:  # which is known of a good signature alone
                refusal = error
    raise refusal


def admitted_by(claims: Mapping[str, Any], *, user: str = "sub", tenant: str | None) -> Admitted:
    """Who a pass is for, by the claims of these names.

    Raises:
        Refusal: 401 for a user, tenant or options that no call could have.
    """
    options = claims.get("options", {})
    try:
        return Admitted(
            user=_text(claims.get(user, "")),
            tenant=_text(claims.get(tenant, "")) if tenant is not None else "",
            options=CallOptions.known(options),
            pass_id=str(claims.get("jti", ""))[:MAX_USER_LENGTH],
        )
    except (CallOptionsError, ValueError):
        raise not_valid() from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - of a claim, not of a caller
    return value
