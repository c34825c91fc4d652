"""How often the same one may ask."""

from __future__ import annotations

import logging

import pytest
from limits import parse
from limits.aio.strategies import MovingWindowRateLimiter

from agent.errors import SettingsError
from agent.settings import RateSettings, load_group
from agent.web.admission import Admitted, Limited, RateLimits
from agent.web.admission.address import ClientAddress
from agent.web.admission.rates import Quota
from agent.web.admission.windows import MemoryWindows
from agent.web.refusals import Refusal
from tests.unit.web.admission.requests import answer, request
from tests.unit.web.admission.test_own import by_header

CLOSED = "redis://:hunter2@127.0.0.1:9/0"


def limited(address: str, user: str, purpose: str = "calls", **changes: str) -> Limited:
    variables = {"PARLEY_RATE_ADDRESS": address, "PARLEY_RATE_USER": user, **changes}
    settings = load_group(RateSettings, variables)
    quota = Quota.of(purpose, settings.address, settings.user)

    async def rule(asked: object) -> Admitted:
        return await by_header(asked) or Admitted()  # type: ignore[arg-type]

    return Limited(rule, RateLimits(settings), quota, ClientAddress([]))


async def admitted(rule: Limited, times: int, **asked: str) -> int:
    """How many of so many requests are admitted."""
    answers = [await answer(rule, request(**asked)) for _ in range(times)]
    assert set(map(str, answers[answers.index("too_many_requests") :])) == {"too_many_requests"}
    return sum(isinstance(each, Admitted) for each in answers)


async def test_an_address_may_ask_so_often() -> None:
    """Another one is counted by itself."""
    rule = limited("3/minute", "off")
    assert await admitted(rule, 5, peer="198.51.100.1") == 3
    assert await admitted(rule, 5, peer="198.51.100.2") == 3


async def test_a_user_may_ask_so_often_from_anywhere() -> None:
    """A fleet of addresses does not help who has one pass."""
    rule = limited("off", "2/hour")
    answers = [await answer(rule, request(peer=f"198.51.100.{n}", X_User="ada")) for n in range(4)]
    assert [isinstance(each, Admitted) for each in answers] == [True, True, False, False]
    assert isinstance(await answer(rule, request(X_User="grace")), Admitted)


async def test_guesses_at_passes_are_counted_too() -> None:
    """The address is counted before anything is said of the pass."""

    async def never(_asked: object) -> Admitted:
        raise Refusal(401, "pass_not_valid", "No.")  # type: ignore[arg-type]

    settings = load_group(RateSettings, {"PARLEY_RATE_ADDRESS": "2/minute"})
    quota = Quota.of("calls", settings.address, ())
    rule = Limited(never, RateLimits(settings), quota, ClientAddress([]))
    codes = [await answer(rule, request()) for _ in range(3)]
    assert codes == ["pass_not_valid", "pass_not_valid", "too_many_requests"]


async def test_the_refusal_says_when_there_is_room_again() -> None:
    """The longest wait that is known: of several rates the one that is used up."""
    rule = limited("100/second, 1/minute", "off")
    await rule(request())
    with pytest.raises(Refusal) as caught:
        await rule(request())
    assert caught.value.status == 429
    assert caught.value.retry_after_s is not None
    assert 55 <= caught.value.retry_after_s <= 60


async def test_while_redis_is_away_each_process_counts_for_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says so once, without the address, and callers notice nothing."""
    rule = limited("3/minute", "off", PARLEY_RATE_STORE_URL=CLOSED)
    with caplog.at_level(logging.WARNING):
        assert await admitted(rule, 5) == 3
    assert [record.message for record in caplog.records] == [
        "PARLEY_RATE_STORE_URL does not answer; requests are counted in this process"
    ]
    assert "hunter2" not in caplog.text


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_window_moves() -> None:
    """Not by the minute of the clock: each hit counts for a minute of its own."""
    clock = Clock()
    limiter = MovingWindowRateLimiter(MemoryWindows(clock=clock))
    rate = parse("2/minute")

    told = []
    for second in (0, 50, 59.9, 60.1, 70, 109.9, 110.1):
        clock.now_s = 1_000.0 + second
        told.append(await limiter.hit(rate, "key"))
    assert told == [True, True, False, True, False, False, True]


async def test_a_flood_of_addresses_takes_no_more_memory() -> None:
    """Those that were quiet for the longest are forgotten first."""
    windows = MemoryWindows(max_keys=100)
    limiter = MovingWindowRateLimiter(windows)
    rate = parse("5/minute")
    for number in range(1_000):
        await limiter.hit(rate, "regular")
        await limiter.hit(rate, str(number))
    assert await windows.reset() == 100


@pytest.mark.parametrize(
    "rate", ["0/minute", "10", "10/fortnight", "ten/minute", "-1/hour", "1/s", ","]
)
def test_what_is_no_rate_is_told_at_start(rate: str) -> None:
    """By the variable's name, with an example."""
    with pytest.raises(SettingsError, match="PARLEY_RATE_USER: must be rates such as 10/minute"):
        load_group(RateSettings, {"PARLEY_RATE_USER": rate})


@pytest.mark.parametrize("url", ["redis://:hunter2@h:x/0", "redis://:hunter2@h/0"])
def test_a_store_that_cannot_be_found_is_told_at_start(url: str) -> None:
    """Not by the first caller, and without the password."""
    settings = load_group(RateSettings, {"PARLEY_RATE_STORE_URL": url})
    with pytest.raises(SettingsError, match="PARLEY_RATE_STORE_URL") as caught:
        RateLimits(settings)
    assert "hunter2" not in str(caught.value)
