"""The running bill of one call."""

from __future__ import annotations

from decimal import Decimal

import pytest
from livekit import rtc

from agent.call.cost import Cost, Model, Usage
from agent.call.events import CostChanged
from agent.call.prices import PriceBook, TelephoneRate
from agent.cost.catalogue import load_prices
from agent.cost.meter import Meter
from tests.unit.cost.measured import HOST, chat, response, transcript, voice
from tests.unit.cost.test_catalogue import settings_with


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def prices() -> PriceBook:
    """Of the default models."""
    return load_prices(settings_with())


def test_a_turn_of_the_cascade_costs_what_it_does_by_hand(prices: PriceBook) -> None:
    """4.2 s written down, once in vain and once more for good, at $0.003 a minute; 1,000 tokens
    read of which 600 were cached and 50 written; a sentence spoken in 140 tokens, and one that is
    broken off after 45 characters, three seconds at $0.015 a minute.
    """
    meter = Meter(prices)
    for measured in (
        transcript(audio_s=2.1),
        transcript(audio_s=4.2),
        chat(read=1000, cached=600, written=50),
        voice(characters=100, audio_s=6.7, tokens=(25, 140)),
        voice(characters=45, audio_s=0.4, cancelled=True),
    ):
        meter.note(measured)
    by_hand = [
        Decimal("6.3") / 60 * Decimal("0.003"),
        Decimal("0.0003"),
        (25 * Decimal("0.6") + 140 * 12) / 1_000_000,
        Decimal(3) / 60 * Decimal("0.015"),
    ]
    assert meter.cost == Cost(sum(by_hand, Decimal(0)), frozenset())


def test_a_turn_of_the_realtime_model_costs_what_it_does_by_hand(prices: PriceBook) -> None:
    """A reply to its end and one that is talked over, and what the caller said written down."""
    meter = Meter(prices)
    meter.note(response(text=2000, audio=900, cached=(1920, 640), written=30, spoken=140))
    meter.note(response(text=2030, audio=1080, cached=(1984, 1024), written=6, spoken=22))
    meter.note(transcript(audio_s=0, input_tokens=42, input_audio_tokens=42, output_tokens=12))
    millionths = (
        (80 * 4 + 1920 * Decimal("0.4") + 260 * 32 + 640 * Decimal("0.4") + 30 * 16 + 140 * 64)
        + (46 * 4 + 1984 * Decimal("0.4") + 56 * 32 + 1024 * Decimal("0.4") + 6 * 16 + 22 * 64)
        + (42 * 3 + 12 * 5)
    )
    assert meter.cost.usd == millionths / 1_000_000


def test_a_model_is_counted_whoever_listens_to_it_besides(prices: PriceBook) -> None:
    """It tells of each request by an event."""
    model: rtc.EventEmitter[str] = rtc.EventEmitter()
    meter = Meter(prices)
    meter.listen(model)
    meter.listen(None)
    model.emit("metrics_collected", chat(read=1_000_000))
    assert meter.cost.usd == Decimal("0.4")


def test_listeners_are_told_what_was_used_and_what_the_call_has_cost(prices: PriceBook) -> None:
    """With the version of the prices, for the record."""
    clock, told = Clock(), list[CostChanged]()
    meter = Meter(prices, clock=clock)
    meter.on_cost(told.append)
    meter.note(chat(read=1_000_000))
    clock.now_s += 61
    meter.note(chat(read=0, written=1_000_000))
    assert [event.usd for event in told] == [Decimal("0.4"), Decimal("1.6")]
    assert told[0].model == Model(HOST, "gpt-4.1-mini")
    assert told[0].usage == Usage(input_tokens=1_000_000)
    assert told[-1].total.usd == 2
    assert told[-1].usd_per_min == Decimal("1.6")
    assert told[-1].price_version == prices.version


def test_a_model_without_a_price_is_named(
    prices: PriceBook, caplog: pytest.LogCaptureFixture
) -> None:
    """In the bill, and once in the log; the others are counted all the same."""
    meter = Meter(prices)
    for _ in range(2):
        meter.note(chat(read=1_000_000, model="new-model"))
    meter.note(chat(read=1_000_000))
    assert meter.cost == Cost(Decimal("0.4"), frozenset({"new-model"}))
    assert caplog.text.count("a model has no price") == 1


def test_a_telephone_costs_by_the_minute_while_the_call_lasts() -> None:
    """Begun minutes count whole, from when the caller is on the line."""
    clock = Clock()
    meter = Meter(PriceBook(telephone=TelephoneRate(Decimal("0.01"))), clock=clock)
    assert meter.cost.usd == 0
    assert meter.telephone() is None
    meter.telephone_begins()
    clock.now_s += 61
    assert meter.cost.usd == Decimal("0.02")
    line = meter.telephone()
    assert line is not None
    assert (line.usd, line.usage, line.total) == (
        Decimal("0.02"),
        Usage(audio_s=Decimal(61)),
        Cost(Decimal("0.02")),
    )
