"""What a call costs, beside sums done by hand from the providers' price lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.cost import Cost, Model, Rates, TokenRates, Usage, micro_usd, usd_of
from agent.call.prices import TELEPHONE, PriceBook, TelephoneRate

CHAT = Rates(
    TokenRates(
        input=Decimal("0.4"),
        cached_input=Decimal("0.1"),
        input_audio=Decimal("0.4"),
        cached_input_audio=Decimal("0.1"),
        output=Decimal("1.6"),
        output_audio=Decimal("1.6"),
    )
)
SPEECH = Rates(
    TokenRates(
        input=Decimal(4),
        cached_input=Decimal("0.4"),
        input_audio=Decimal(32),
        cached_input_audio=Decimal("0.4"),
        output=Decimal(16),
        output_audio=Decimal(64),
    )
)
BY_THE_MINUTE = Rates(audio_hour=Decimal("0.36"))
TOLD_OR_TIMED = Rates(CHAT.tokens, audio_hour=Decimal("0.18"))
BY_CHARACTERS = Rates(characters=Decimal(15))
RATES = [CHAT, SPEECH, BY_THE_MINUTE, TOLD_OR_TIMED, BY_CHARACTERS]

counts = st.integers(0, 10_000_000)
seconds = st.decimals(0, 100_000, places=3)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    untold = draw(seconds)
    return Usage(
        *(draw(counts) for _ in range(7)), audio_s=untold + draw(seconds), untold_audio_s=untold
    )


def test_a_reply_of_the_cascade_costs_what_it_does_by_hand() -> None:
    """1,000 tokens read, 600 of them cached, and 50 written: 0.00016 + 0.00006 + 0.00008."""
    usage = Usage(input_tokens=400, cached_input_tokens=600, output_tokens=50)
    assert CHAT.cost(usage) == Decimal("0.0003")


def test_a_reply_of_the_realtime_model_costs_what_it_does_by_hand() -> None:
    """Of 2,000 text tokens 1,920 were cached and of 900 of audio 640; 30 written, 140 spoken:
    80 x 4 + 1,920 x 0.4 + 260 x 32 + 640 x 0.4 + 30 x 16 + 140 x 64 = 19,104 millionths.
    """
    usage = Usage(
        input_tokens=80,
        cached_input_tokens=1_920,
        input_audio_tokens=260,
        cached_input_audio_tokens=640,
        output_tokens=30,
        output_audio_tokens=140,
    )
    assert SPEECH.cost(usage) == Decimal("0.019104")


def test_audio_is_billed_by_time_where_nobody_tells_tokens() -> None:
    """Half a minute told in tokens, and 20 s of which the time is known, at $0.003 a minute."""
    usage = Usage(input_tokens=500, audio_s=Decimal(50), untold_audio_s=Decimal(20))
    assert TOLD_OR_TIMED.cost(usage) == Decimal("0.0002") + Decimal("0.001")
    assert BY_THE_MINUTE.cost(usage) == Decimal("0.005")


def test_a_voice_by_characters_is_billed_by_nothing_else() -> None:
    """$15 for a million."""
    usage = Usage(input_tokens=25, output_audio_tokens=140, characters=100, audio_s=Decimal(7))
    assert BY_CHARACTERS.cost(usage) == Decimal("0.0015")


@pytest.mark.parametrize("rates", RATES)
@given(first=usages(), second=usages())
def test_what_is_used_together_costs_as_much_as_one_after_the_other(
    rates: Rates, first: Usage, second: Usage
) -> None:
    """So that a bill may be summed in any order; and no cost is below nothing."""
    together = rates.cost(first + second)
    assert abs(together - rates.cost(first) - rates.cost(second)) < Decimal("1e-18")
    assert rates.cost(first) >= 0


@pytest.mark.parametrize(
    ("rates", "usage"),
    [
        (CHAT, Usage(audio_s=Decimal(3), untold_audio_s=Decimal(3))),
        (BY_CHARACTERS, Usage(audio_s=Decimal(3))),
        (BY_THE_MINUTE, Usage(input_tokens=40)),
        (Rates(), Usage(output_tokens=1)),
    ],
)
def test_what_has_no_price_is_not_free(rates: Rates, usage: Usage) -> None:
    """Amounts of another kind than the price is for are told by the model's name."""
    model = Model("api.example.com", "new-model")
    assert not rates.covers(usage)
    assert PriceBook(rates={model: rates}).cost_of(model, usage).unpriced == {"new-model"}


@pytest.mark.parametrize("rates", RATES)
def test_nothing_used_needs_no_price(rates: Rates) -> None:
    """And costs nothing."""
    assert rates.covers(Usage())
    assert rates.cost(Usage()) == 0


def test_an_unknown_model_is_named_beside_the_sum_of_the_others() -> None:
    """The sum says whose work is missing in it."""
    known, unknown = Model("api.openai.com", "known"), Model("api.openai.com", "unknown")
    book = PriceBook("2026", {known: CHAT})
    usage = Usage(output_tokens=1_000_000)
    total = book.cost_of(known, usage) + book.cost_of(unknown, usage)
    assert total == Cost(Decimal("1.6"), frozenset({"unknown"}))


def test_a_price_of_zero_is_a_price() -> None:
    """As of a model on one's own machine."""
    zero = Decimal(0)
    free = Rates(TokenRates(zero, zero, zero, zero, zero, zero))
    assert free.covers(Usage(input_tokens=5))


def test_a_begun_minute_of_the_line_is_a_whole_one() -> None:
    """61 s are two minutes, and a line without a price is named."""
    book = PriceBook(telephone=TelephoneRate(Decimal("0.0085")))
    assert book.telephone_cost(Decimal(61)).usd == Decimal("0.017")
    assert book.telephone_cost(Decimal(0)).usd == 0
    assert PriceBook().telephone_cost(Decimal(61)).unpriced == {TELEPHONE}


@given(st.integers(0, 10**15))
def test_sums_are_kept_in_whole_millionths(micro: int) -> None:
    """Nothing is lost on the way into the database and back."""
    assert micro_usd(usd_of(micro)) == micro
