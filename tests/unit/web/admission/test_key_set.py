"""Keys of an issuer that is there at times."""

from __future__ import annotations

import pytest

from agent.web.admission.key_set import FRESH_S, PAUSE_S, STALE_S, KeySet
from agent.web.refusals import Refusal
from tests.unit.web.admission.test_issuer import OTHER_KEY, Issuer, jwk, serving


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_known_keys_go_on_for_a_while_when_the_issuer_is_away() -> None:
    """A new key cannot be known then, and after an hour the old ones are not believed any more."""
    clock, issuer = Clock(), Issuer()
    async with serving(issuer):
        keys = KeySet(issuer.url, clock=clock)
        assert await keys.find("one")
    clock.now_s = FRESH_S + 1
    assert await keys.find("one")
    with pytest.raises(Refusal, match="cannot be checked"):
        await keys.find("new")
    clock.now_s = STALE_S + 1
    with pytest.raises(Refusal, match="cannot be checked"):
        await keys.find("one")


async def test_a_key_that_was_taken_back_opens_nothing_after_the_next_look() -> None:
    """And one that is new is found at once, if the last look is not of this moment."""
    clock, issuer = Clock(), Issuer()
    async with serving(issuer):
        keys = KeySet(issuer.url, clock=clock)
        assert await keys.find("one")
        issuer.keys = [jwk(OTHER_KEY, kid="two")]
        assert await keys.find("two") is None
        clock.now_s = PAUSE_S
        assert await keys.find("two")
        assert await keys.find("one") is None
    assert issuer.asked == 2


async def test_a_pass_may_name_no_key_where_there_is_one() -> None:
    """Of several it would have to be guessed."""
    clock, issuer = Clock(), Issuer()
    async with serving(issuer):
        keys = KeySet(issuer.url, clock=clock)
        assert await keys.find(None)
        issuer.keys.append(jwk(OTHER_KEY, kid="two"))
        clock.now_s = FRESH_S + 1
        assert await keys.find(None) is None


async def test_an_issuer_is_not_followed_elsewhere() -> None:
    """A redirect is no answer: it could lead into the inside of the network."""
    issuer = Issuer()
    issuer.status = 302
    async with serving(issuer):
        with pytest.raises(Refusal):
            await KeySet(issuer.url).find("one")
