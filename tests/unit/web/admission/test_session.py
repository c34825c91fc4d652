"""The cookie of the operator's site, and pages of others that would like to use it."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from fastapi import Request

from agent.web.admission import Admitted
from agent.web.admission.link import AUDIENCE as LINK_AUDIENCE
from agent.web.admission.session import AUDIENCE, COOKIE, SiteSessions
from tests.unit.web.admission.requests import answer, request

KEY = "a-key-of-sessions-made-for-these-tests"
RULE = SiteSessions([KEY])


def signed(**claims: Any) -> str:
    told = {"aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 3600, **claims}
    return jwt.encode({k: v for k, v in told.items() if v is not None}, KEY, algorithm="HS256")


def asked(value: str | None = None, **headers: str) -> Request:
    """By a page of ours, unless the headers say otherwise."""
    told = headers or {"Sec_Fetch_Site": "same-origin"}
    return request(Host="calls.example.com", Cookie=f"a=b; {COOKIE}={value or signed()}", **told)


async def test_who_is_signed_in_may_call() -> None:
    """As the user, and on the account, that the site says."""
    assert await answer(RULE, asked(signed(tenant="acme"))) == Admitted("ada", "acme")


async def test_an_older_browser_shows_by_its_origin_where_the_page_came_from() -> None:
    """One that does not send Sec-Fetch-Site."""
    assert await answer(RULE, asked(Origin="https://calls.example.com")) == Admitted("ada")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://calls.example.com"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://calls.example.com.evil.example"},
        {"Origin": "https://[::1"},
        {"X_Nothing": "said"},
    ],
)
async def test_a_page_of_another_site_cannot_call_for_somebody(headers: dict[str, str]) -> None:
    """Though the browser may send the cookie along."""
    assert await answer(RULE, asked(**headers)) == "foreign_page"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (signed(sub=None), "pass_not_valid"),
        (signed(aud=LINK_AUDIENCE), "pass_not_valid"),
        (signed(exp=None), "pass_not_valid"),
        (signed(exp=1), "pass_expired"),
        ("x" * 9_000, "pass_not_valid"),
        ("x.y.z", "pass_not_valid"),
    ],
)
async def test_no_other_cookie_will_do(value: str, code: str) -> None:
    """Nor one that a link's value was put into."""
    assert await answer(RULE, asked(value)) == code


async def test_without_a_cookie_the_caller_is_sent_to_sign_in() -> None:
    """In words that the page shows."""
    own_page = request(Host="calls.example.com", Sec_Fetch_Site="same-origin")
    assert await answer(RULE, own_page) == "pass_missing"
