"""The rule `session`: whoever is signed in at the operator's site, at this very host, may call.

That site sets a cookie: `__Host-parley=VALUE; Path=/; Secure; HttpOnly; SameSite=Strict`. Its value
is a JWT, HS256 with the audience below, an `exp` and a `sub`; `tenant` may stand in it. The prefix
makes browsers see that no other host set it. A page of another site can make a browser ask, and so
each request must show that a page of ours did.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request

from agent.web.admission.admitted import Admitted
from agent.web.admission.bearer import MAX_PASS_LENGTH, not_valid, unauthorized
from agent.web.admission.claims import admitted_by, signed_with_one_of
from agent.web.refusals import Refusal

COOKIE = "__Host-parley"
AUDIENCE = "parley-session"


class SiteSessions:
    """Admits by the cookie of the operator's site. An Admission."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)

    async def __call__(self, request: Request) -> Admitted:
        """See Admission."""
        if not comes_from_own_page(request):
            raise Refusal(
                HTTPStatus.FORBIDDEN, "foreign_page", "Calls are made from this site's own page."
            )
        value = request.cookies.get(COOKIE, "")
        if not value:
            raise unauthorized("pass_missing", "Please sign in first, then call.")
        if len(value) > MAX_PASS_LENGTH:
            raise not_valid()
        claims = signed_with_one_of(value, self._keys, audience=AUDIENCE)
        # What calls are like is not for a session to say.
        told = {name: claim for name, claim in claims.items() if name != "options"}
        admitted = admitted_by(told, tenant="tenant")
        if not admitted.user:
            raise not_valid()
        return admitted


def comes_from_own_page(request: Request) -> bool:
    """Whether a browser says that a page of this origin asks; a request that says nothing of it
    does not count. Browsers set these headers themselves, and no page can.
    """
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    host = request.headers.get("Host", "")
    return bool(host) and origin.scheme in ("http", "https") and origin.netloc == host
