"""Usage as a provider tells it and a page passes it on."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agent.call.cost import Usage
from agent.web.direct.usage import MOST_TOKENS, ReportedUsage

tokens = st.integers(0, MOST_TOKENS)


def test_each_token_is_billed_once() -> None:
    """As OpenAI tells them: what is cached is part of what was read."""
    told = {
        "total_tokens": 400,
        "input_tokens": 300,
        "output_tokens": 100,
        "input_token_details": {
            "text_tokens": 200,
            "audio_tokens": 100,
            "cached_tokens": 90,
            "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 30},
        },
        "output_token_details": {"text_tokens": 20, "audio_tokens": 80},
    }
    assert ReportedUsage.model_validate(told).amounts() == Usage(
        input_tokens=140,
        cached_input_tokens=60,
        input_audio_tokens=70,
        cached_input_audio_tokens=30,
        output_tokens=20,
        output_audio_tokens=80,
    )


def test_a_transcription_may_be_told_by_its_length() -> None:
    """Then its seconds are billed."""
    used = ReportedUsage.model_validate({"type": "duration", "seconds": 2.5}).amounts()
    assert used.audio_s == used.untold_audio_s == Decimal("2.5")


@given(tokens, tokens, tokens, tokens, tokens, tokens)
def test_whatever_a_page_says_nothing_is_negative_and_nothing_more_than_all(
    read: int, written: int, audio: int, cached: int, cached_audio: int, spoken: int
) -> None:
    """Numbers that contradict each other are bounded by the sums."""
    used = ReportedUsage.model_validate(
        {
            "input_tokens": read,
            "output_tokens": written,
            "input_token_details": {
                "audio_tokens": audio,
                "cached_tokens": cached,
                "cached_tokens_details": {"audio_tokens": cached_audio},
            },
            "output_token_details": {"audio_tokens": spoken},
        }
    ).amounts()
    assert all(amount > 0 for amount in used.amounts().values())
    into = (
        used.input_tokens
        + used.cached_input_tokens
        + used.input_audio_tokens
        + used.cached_input_audio_tokens
    )
    assert into == read
    assert used.output_tokens + used.output_audio_tokens == written
