"""`python agent.py cost-estimate`."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from agent.cost.catalogue import load_prices
from agent.cost.command import parse, run
from agent.cost.estimate import Assumptions, estimate
from tests.unit.cost.test_catalogue import settings_with


def printed(*arguments: str, **environ: str) -> str:
    out = io.StringIO()
    assert run(parse(arguments), environ, out) == 0
    return out.getvalue()


def test_a_call_of_each_pipeline_and_length_is_in_the_table() -> None:
    """With the prices it was made with and what it assumes, each with its option."""
    text = printed()
    for row in ("cascade | 5 min", "cascade | 1 hour", "realtime | 5 min", "realtime | 1 hour"):
        assert f"| {row} | $" in text
    assert "prices genai-prices " in text
    assert "(--turns-per-min)" in text
    assert "Without a price" not in text


def test_one_turn_costs_what_it_does_by_hand() -> None:
    """4 s heard and 6 s spoken, with nothing in vain: 0.1 min at $0.003 less a third; 2,015 tokens
    read and 22 written; 22 tokens spoken in 125.
    """
    settings = settings_with()
    assumed = Assumptions(
        turns_per_min=Decimal(1),
        agent_s=Decimal(6),
        wasted_transcripts=Decimal(0),
        wasted_replies=Decimal(0),
    )
    call = estimate(settings, load_prices(settings), "cascade", 1, assumed)
    assert call.parts["gpt-4o-mini-transcribe"].usd == Decimal("0.0002")
    assert call.parts["gpt-4.1-mini"].usd == (2015 * Decimal("0.4") + 22 * Decimal("1.6")) / 10**6
    assert call.parts["gpt-4o-mini-tts"].usd == (22 * Decimal("0.6") + 125 * 12) / 10**6


def test_a_cheaper_profile_costs_less() -> None:
    """In both pipelines, whatever the length."""

    def costs(profile: str) -> list[Decimal]:
        rows = [line.split("|") for line in printed("--profile", profile).splitlines()]
        return [Decimal(row[3].strip(" $")) for row in rows if len(row) > 5 and "$" in row[3]]

    economy, balanced, premium = map(costs, ("economy", "balanced", "premium"))
    assert len(economy) == 4
    assert all(a < b <= c for a, b, c in zip(economy, balanced, premium, strict=True))


def test_what_has_no_price_is_told() -> None:
    """It is not in the sums."""
    text = printed("--telephone", PARLEY_LLM_MODEL="qwen3:8b")
    assert "Without a price, and so left out: qwen3:8b, telephone." in text


@pytest.mark.parametrize("value", ["-1", "many", "NaN"])
def test_an_assumption_must_be_an_amount(value: str) -> None:
    """Else the command says so."""
    with pytest.raises(SystemExit):
        printed("--turns-per-min", value)
