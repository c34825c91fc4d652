"""From what the framework measures to what is billed."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents.metrics import AgentMetrics, RealtimeModelMetrics, VADMetrics

from agent.call.cost import Model, Usage
from agent.cost.metered import metered
from tests.unit.cost.measured import HOST, chat, response, transcript, voice


def usage_of(metrics: AgentMetrics) -> Usage:
    found = metered(metrics)
    assert found is not None
    return found[1]


def test_each_token_is_counted_once() -> None:
    """What was cached is no more among the rest."""
    assert metered(chat(read=1000, cached=600, written=50)) == (
        Model(HOST, "gpt-4.1-mini"),
        Usage(input_tokens=400, cached_input_tokens=600, output_tokens=50),
    )
    reply = response(text=2000, audio=900, cached=(1920, 640), written=30, spoken=140)
    assert usage_of(reply) == Usage(
        input_tokens=80,
        cached_input_tokens=1920,
        input_audio_tokens=260,
        cached_input_audio_tokens=640,
        output_tokens=30,
        output_audio_tokens=140,
    )


def test_a_voice_without_tokens_is_counted_by_its_time() -> None:
    """As of a server that does not tell them."""
    told = usage_of(voice(characters=40, audio_s=2.5, tokens=(10, 52)))
    assert (told.output_audio_tokens, told.untold_audio_s) == (52, 0)
    assert usage_of(voice(characters=40, audio_s=2.5)).untold_audio_s == Decimal("2.5")


def test_a_voice_that_is_broken_off_counts_as_spoken_to_its_end() -> None:
    """It may have been made whole: 45 characters take 3 s."""
    cut = voice(characters=45, audio_s=0.4, cancelled=True)
    assert usage_of(cut).untold_audio_s == Decimal(3)


def test_a_transcript_is_counted_by_tokens_or_by_time() -> None:
    """By time where only that is known; tokens whose kind is not told are audio."""
    assert usage_of(transcript(audio_s=4.2)).untold_audio_s == Decimal("4.2")
    told = usage_of(transcript(audio_s=4.2, input_tokens=42, output_tokens=9))
    assert (told.input_audio_tokens, told.input_tokens, told.untold_audio_s) == (42, 0, 0)
    parts = usage_of(transcript(audio_s=0, input_tokens=50, input_audio_tokens=42, output_tokens=9))
    assert (parts.input_audio_tokens, parts.input_tokens) == (42, 8)


def test_what_runs_here_is_not_billed() -> None:
    """Nor what has used nothing."""
    local = VADMetrics(
        label="vad", timestamp=0, idle_time=0, inference_duration_total=0, inference_count=1
    )
    assert metered(local) is None
    assert metered(chat(read=0)) is None


counts = st.integers(0, 100_000)


@given(counts, counts, counts, counts, counts, counts, counts, counts)
def test_no_amount_is_below_nothing_whatever_a_provider_tells(
    read: int,
    text: int,
    audio: int,
    cached: int,
    cached_audio: int,
    made: int,
    said: int,
    wrote: int,
) -> None:
    """And tokens read and made are as many as it told."""
    told = RealtimeModelMetrics(
        request_id="1",
        timestamp=0,
        input_tokens=read,
        output_tokens=made,
        input_token_details=RealtimeModelMetrics.InputTokenDetails(
            text_tokens=text,
            audio_tokens=audio,
            cached_tokens=cached,
            cached_tokens_details=RealtimeModelMetrics.CachedTokenDetails(
                audio_tokens=cached_audio
            ),
        ),
        output_token_details=RealtimeModelMetrics.OutputTokenDetails(
            text_tokens=wrote, audio_tokens=said
        ),
    )
    found = metered(told)
    usage = found[1] if found else Usage()
    amounts = (
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.input_audio_tokens,
        usage.cached_input_audio_tokens,
    )
    assert min(*amounts, usage.output_tokens, usage.output_audio_tokens) >= 0
    assert sum(amounts) == read
    assert usage.output_tokens + usage.output_audio_tokens == made
