"""Language and pace, in whatever models a call uses."""

from __future__ import annotations

import pytest
from livekit.plugins import openai

from agent.pipeline.first_clause import FirstClauseTokenizer
from agent.pipeline.manner import FASTEST, SLOWEST, Manner
from agent.pipeline.openai_voice import OpenAIVoice
from agent.pipeline.realtime import build_realtime
from agent.settings import OpenAISettings, RealtimeSettings, TurnSettings


def voice_of(model: str, *, speed: float = 1.0) -> tuple[OpenAIVoice, openai.TTS]:
    """A voice, and the synthesiser in it."""
    synthesiser = openai.TTS(model=model, api_key="none", speed=speed)
    voice = OpenAIVoice(
        [synthesiser],
        speed=speed,
        first_audio_s=3,
        sentence_tokenizer=FirstClauseTokenizer("en"),
    )
    return voice, synthesiser


class Model:
    """Hears and speaks, and is in a reply for a few looks."""

    def __init__(self, replies: int = 0) -> None:
        self.pace: float | None = None
        self.language: str | None = None
        self._replies = replies

    @property
    def in_reply(self) -> bool:
        """See HasReplies."""
        self._replies -= 1
        return self._replies >= 0

    def set_pace(self, factor: float) -> None:
        """See HasPace."""
        assert self._replies <= 0
        self.pace = factor

    def set_language(self, language: str) -> None:
        """See HasLanguage."""
        self.language = language


async def test_a_pace_is_a_factor_of_what_is_configured() -> None:
    """Of a voice that is fast already, half as fast is not slow."""
    manner = Manner()
    voice, synthesiser = voice_of("tts-1", speed=1.2)
    manner.take(voice)
    assert await manner.change_speed(0.8)
    assert synthesiser._opts.speed == pytest.approx(0.96)


async def test_a_model_that_is_told_how_to_speak_is_told() -> None:
    """It does not heed the number."""
    manner = Manner()
    voice, synthesiser = voice_of("gpt-4o-mini-tts")
    manner.take(voice)
    await manner.change_speed(0.85)
    assert synthesiser._opts.instructions == "Speak slowly and clearly."


async def test_models_that_come_later_have_the_same_manner() -> None:
    """A failover or a handoff does not speak faster again, nor another language."""
    manner, later = Manner(), Model()
    manner.take(Model())  # type: ignore[arg-type]
    await manner.change_speed(0.85)
    await manner.switch_language("de")
    manner.take(later)  # type: ignore[arg-type]
    assert (later.pace, later.language) == (0.85, "de")


async def test_a_change_waits_for_the_reply_that_is_being_made() -> None:
    """A provider refuses it in the middle of one."""
    manner, model = Manner(), Model(replies=3)
    manner.take(model)  # type: ignore[arg-type]
    assert await manner.change_speed(0.85)
    assert model.pace == 0.85


@pytest.mark.parametrize("factor", [SLOWEST - 0.01, FASTEST + 0.01])
async def test_there_is_an_end_to_slow_and_fast(factor: float) -> None:
    """Beyond it nothing changes."""
    manner, model = Manner(), Model()
    manner.take(model)  # type: ignore[arg-type]
    assert not await manner.change_speed(factor)
    assert model.pace is None


async def test_without_a_voice_that_can_nothing_is_promised() -> None:
    """The model must not say that it speaks slower when it does not."""
    assert not await Manner().change_speed(0.85)


async def test_whoever_depends_on_the_language_is_told() -> None:
    """Such as what counts as a backchannel."""
    manner, told = Manner(), []
    manner.on_language(told.append)
    await manner.switch_language("fr")
    assert told == ["fr"]


async def test_a_realtime_model_writes_down_the_other_language_and_speaks_slower() -> None:
    """In the session that runs, and in those to come."""
    settings = RealtimeSettings(speed=1.2)
    shared = OpenAISettings.model_validate({"OPENAI_API_KEY": "none"})
    parts = build_realtime(settings, shared, TurnSettings(), language="en", voice=None)
    manner = Manner()
    manner.take(parts.llm)
    await manner.switch_language("de-AT")
    assert await manner.change_speed(0.85)
    options = parts.llm._opts  # type: ignore[union-attr]
    assert options.input_audio_transcription.language == "de"
    assert options.speed == pytest.approx(1.02)
