"""Signatures as any receiver of Standard Webhooks checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from agent.publishing.signing import Signing, new_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification() -> None:
    """As its reference libraries test it."""
    headers = Signing([SECRET]).headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_all_secrets_sign_so_that_one_can_be_exchanged() -> None:
    """A receiver that knows any of them finds its signature."""
    old, new = new_secret(), new_secret()
    signatures = Signing([new, old]).headers("m", 1, b"{}")["webhook-signature"].split(" ")
    for secret, signature in zip((new, old), signatures, strict=True):
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.digest(key, b"m.1.{}", hashlib.sha256)).decode()
        assert signature == f"v1,{expected}"


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!"])
def test_a_secret_that_is_none_is_named_by_its_place(secret: str) -> None:
    """Never by its value."""
    with pytest.raises(ValueError, match="secret 2 of 2") as refusal:
        Signing([SECRET, secret])
    assert "hunter2" not in str(refusal.value)
