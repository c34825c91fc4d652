"""Passes of the operator's issuer, and of those who would like to be it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SettingsError
from agent.settings import JwtSettings, load_group
from agent.web.admission import Admitted
from agent.web.admission.issuer import IssuedPasses
from agent.web.admission.key_set import MAX_BYTES
from agent.web.refusals import Refusal
from tests.unit.web.admission.requests import answer, with_pass

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = (
    RSA_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
WHO = {
    "PARLEY_JWT_ISSUER": "https://login.example.com",
    "PARLEY_JWT_AUDIENCE": "calls",
}


def settings_of(**changes: str) -> JwtSettings:
    return load_group(JwtSettings, {**WHO, **changes})


def rule_of(**changes: str) -> IssuedPasses:
    return IssuedPasses(settings_of(**changes))


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": "https://login.example.com",
        "aud": "calls",
        "sub": "ada",
        "exp": int(time.time()) + 60,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: Any = RSA_KEY, algorithm: str = "RS256", kid: str = "one", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def jwk(key: Any, **fields: str) -> dict[str, Any]:
    make: Callable[..., Any] = (
        jwt.algorithms.RSAAlgorithm.to_jwk
        if isinstance(key, rsa.RSAPrivateKey)
        else jwt.algorithms.ECAlgorithm.to_jwk
    )
    return {**json.loads(make(key.public_key())), **fields}


class Issuer:
    """Serves a key set, as long as it is there."""

    def __init__(self) -> None:
        self.keys: list[Any] = [jwk(RSA_KEY, kid="one", use="sig")]
        self.status = 200
        self.asked = 0
        self.body: bytes | None = None
        self.url = ""

    async def serve(self, _request: web.Request) -> web.Response:
        self.asked += 1
        body = self.body or json.dumps({"keys": self.keys}).encode()
        return web.Response(body=body, status=self.status)


@asynccontextmanager
async def serving(issuer: Issuer) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/keys", issuer.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """One that answers."""
    issuer = Issuer()
    async with serving(issuer):
        yield issuer


async def test_who_has_a_pass_of_the_issuer_may_call(issuer: Issuer) -> None:
    """The user is told by the pass, and the keys are fetched once."""
    rule = rule_of(PARLEY_JWT_JWKS_URL=issuer.url)
    assert await answer(rule, with_pass(signed())) == Admitted("ada")
    assert await answer(rule, with_pass(signed(sub="grace"))) == Admitted("grace")
    assert issuer.asked == 1


async def test_tenant_and_user_are_read_from_the_claims_that_the_operator_names() -> None:
    """Where calls have tenants, a pass without one is of no use."""
    rule = rule_of(
        PARLEY_JWT_KEY=PUBLIC_PEM, PARLEY_JWT_TENANT_CLAIM="org", PARLEY_JWT_USER_CLAIM="email"
    )
    token = signed(email="ada@example.com", org="acme")
    assert await answer(rule, with_pass(token)) == Admitted("ada@example.com", "acme")
    for wrong in (None, "", 7, "a b", "x" * 65, ["acme"]):
        assert await answer(rule, with_pass(signed(email="a", org=wrong))) == "pass_not_valid"


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (lambda: signed(OTHER_KEY), "pass_not_valid"),
        (lambda: signed(iss="https://evil.example"), "pass_not_valid"),
        (lambda: signed(iss=None), "pass_not_valid"),
        (lambda: signed(aud="another"), "pass_not_valid"),
        (lambda: signed(aud=None), "pass_not_valid"),
        (lambda: signed(sub=None), "pass_not_valid"),
        (lambda: signed(email=7, sub=""), "pass_not_valid"),
        (lambda: signed(sub="a\nb"), "pass_not_valid"),
        (lambda: signed(sub="x" * 129), "pass_not_valid"),
        (lambda: signed(exp=None), "pass_not_valid"),
        (lambda: signed(exp=int(time.time()) - 60), "pass_expired"),
        (lambda: signed(OTHER_KEY, exp=1), "pass_not_valid"),
        (lambda: signed(exp="soon"), "pass_not_valid"),
        (lambda: signed(nbf=int(time.time()) + 600), "pass_not_valid"),
        (lambda: jwt.encode(claims(), "", algorithm="none"), "pass_not_valid"),
        (lambda: signed(algorithm="RS512"), "pass_not_valid"),
        (lambda: signed(algorithm="PS256"), "pass_not_valid"),
        (lambda: signed(EC_KEY, "ES256"), "pass_not_valid"),
        (lambda: signed(kid="another"), "pass_not_valid"),
        (lambda: signed()[:-8], "pass_not_valid"),
        (lambda: signed(padding="x" * 9_000), "pass_not_valid"),
        (lambda: "a.b.c", "pass_not_valid"),
        (lambda: base64.b64encode(b"[" * 4_000).decode() + ".e30.e30", "pass_not_valid"),
        (lambda: "", "pass_missing"),
    ],
)
async def test_no_other_pass_will_do(issuer: Issuer, forge: Callable[[], str], code: str) -> None:
    """Whatever is wrong, why is not told, but that it was good once."""
    assert await answer(rule_of(PARLEY_JWT_JWKS_URL=issuer.url), with_pass(forge())) == code


async def test_a_public_key_is_no_secret_to_sign_with(issuer: Issuer) -> None:
    """The old attack: HS256 with what everybody may read."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"one"}').rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        header + b"." + payload, PUBLIC_PEM.encode()
    )
    forged = b".".join((header, payload, base64.urlsafe_b64encode(signature).rstrip(b"=")))
    for rule in (rule_of(PARLEY_JWT_KEY=PUBLIC_PEM), rule_of(PARLEY_JWT_JWKS_URL=issuer.url)):
        assert await answer(rule, with_pass(forged.decode())) == "pass_not_valid"


async def test_a_shared_key_in_a_key_set_is_passed_over(issuer: Issuer) -> None:
    """So is one to encrypt with, and what is no key at all; the good one is found among them."""
    secret = base64.urlsafe_b64encode(b"x" * 32).decode()
    issuer.keys = [
        7,
        {"kty": "oct", "kid": "two", "k": secret},
        jwk(OTHER_KEY, kid="three", use="enc"),
        {"kty": "RSA", "kid": "four", "n": "!", "e": 1},
        {"kty": "EC", "kid": "five", "crv": "P-1"},
        *issuer.keys,
    ]
    rule = rule_of(PARLEY_JWT_JWKS_URL=issuer.url)
    assert await answer(rule, with_pass(signed(OTHER_KEY, kid="three"))) == "pass_not_valid"
    assert await answer(rule, with_pass(signed())) == Admitted("ada")


async def test_a_new_key_is_found_and_made_up_ones_cause_no_flood(issuer: Issuer) -> None:
    """Whoever asks with a thousand names of keys makes us ask the issuer no more than once."""
    rule = rule_of(PARLEY_JWT_JWKS_URL=issuer.url)
    tokens = [with_pass(signed(kid=f"made-up-{n}")) for n in range(50)]
    assert set(await asyncio.gather(*(answer(rule, each) for each in tokens))) == {"pass_not_valid"}
    assert issuer.asked == 1


async def test_an_issuer_that_is_away_is_not_the_callers_fault() -> None:
    """503 with a time to try again; its URL is not told."""
    rule = rule_of(PARLEY_JWT_JWKS_URL="http://127.0.0.1:9/keys")
    with pytest.raises(Refusal) as caught:
        await rule(with_pass(signed()))
    assert (caught.value.status, caught.value.code) == (503, "keys_unreachable")
    assert caught.value.retry_after_s == 15
    assert "127.0.0.1" not in caught.value.message


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"keys": 7}', b"{" * 5_000, b" " * (MAX_BYTES + 1)]
)
async def test_what_is_no_key_set_is_an_outage_too(issuer: Issuer, body: bytes) -> None:
    """A proxy's error page, for example."""
    issuer.body, issuer.status = body or b"-", 200 if body else 500
    rule = rule_of(PARLEY_JWT_JWKS_URL=issuer.url)
    assert await answer(rule, with_pass(signed())) == "keys_unreachable"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "PARLEY_JWT_JWKS_URL"),
        ({"PARLEY_JWT_KEY": PUBLIC_PEM, "PARLEY_JWT_JWKS_URL": "https://a.example"}, "one of it"),
        ({"PARLEY_JWT_KEY": PUBLIC_PEM, "PARLEY_JWT_ISSUER": ""}, "PARLEY_JWT_ISSUER"),
        ({"PARLEY_JWT_KEY": PUBLIC_PEM, "PARLEY_JWT_AUDIENCE": ""}, "PARLEY_JWT_AUDIENCE"),
        ({"PARLEY_JWT_KEY": PUBLIC_PEM, "PARLEY_JWT_ALGORITHMS": "HS256"}, "is a public key"),
        ({"PARLEY_JWT_KEY": "x" * 40, "PARLEY_JWT_ALGORITHMS": "HS256, RS256"}, "all of"),
        ({"PARLEY_JWT_KEY": "x" * 40, "PARLEY_JWT_ALGORITHMS": "HS512"}, "fewer than 64"),
        ({"PARLEY_JWT_KEY": "hunter2"}, "no public key in PEM"),
        ({"PARLEY_JWT_JWKS_URL": "https://a.example", "PARLEY_JWT_ALGORITHMS": "HS256"}, "HS…"),
    ],
)
def test_what_does_not_go_together_is_told_at_start(changes: dict[str, str], told: str) -> None:
    """By variable, and never with a key."""
    with pytest.raises(SettingsError, match=told) as caught:
        rule_of(**changes)
    assert "hunter2" not in str(caught.value)


async def test_an_issuer_may_share_a_secret() -> None:
    """With HS256, whose key is as long as it must be."""
    secret = "a-secret-that-the-issuer-shares-with-us"
    rule = rule_of(PARLEY_JWT_KEY=secret, PARLEY_JWT_ALGORITHMS="HS256")
    assert await answer(rule, with_pass(signed(secret, "HS256"))) == Admitted("ada")


def test_a_pem_in_one_line_is_taken() -> None:
    """As it stands in many an environment."""
    assert rule_of(PARLEY_JWT_KEY=PUBLIC_PEM.replace("\n", "\\n"))


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
async def test_no_pass_breaks_the_rule(value: str) -> None:
    """Whatever is shown is a pass or a refusal."""
    rule = rule_of(PARLEY_JWT_KEY=PUBLIC_PEM)
    asked = with_pass("x")
    asked.scope["headers"] = [(b"authorization", b"Bearer " + value.encode("utf-8", "replace"))]
    assert await answer(rule, asked) in ("pass_not_valid", "pass_missing")
