"""The sandbox's voices: espeak-ng as it really speaks."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.sandbox.espeak import TIMBRES, EspeakVoices
from agent.sandbox.synthesis import passages
from agent.sandbox.voices import SAMPLE_RATE_HZ

SENTENCE = "We are open from nine until five."


async def spoken(
    text: str, voice: str = "alloy", speed: float = 1, language: str | None = None
) -> bytes:
    speech = EspeakVoices().speak(text, voice=voice, speed=speed, language=language)
    return b"".join([chunk async for chunk in speech])


def duration_s(pcm: bytes) -> float:
    return len(pcm) / 2 / SAMPLE_RATE_HZ


def alike(one: bytes, other: bytes) -> bool:
    """Whether both say the same in the same voice: as long, and with the same mean spectrum.

    Espeak adds noise, so that no two utterances are equal: they differ by up to 1.2 dB.
    """
    difference_db = _spectrum_db(one) - _spectrum_db(other)
    return abs(len(one) - len(other)) < 2000 and np.sqrt(np.mean(difference_db**2)) < 2.0


def _spectrum_db(pcm: bytes) -> NDArray[np.float64]:
    samples = np.frombuffer(pcm, np.int16).astype(float)
    windows = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    return 20 * np.log10(np.abs(np.fft.rfft(windows, axis=1)).mean(axis=0)[:430] + 1)


async def test_speech_comes_in_chunks_of_whole_samples() -> None:
    """A sentence is some seconds of audible int16 in several chunks."""
    chunks = [chunk async for chunk in EspeakVoices().speak(SENTENCE, voice="alloy")]
    assert len(chunks) > 5
    assert all(chunk and len(chunk) % 2 == 0 for chunk in chunks)
    pcm = b"".join(chunks)
    assert 1.5 < duration_s(pcm) < 3
    assert np.abs(np.frombuffer(pcm, np.int16)).max() > 3000


async def test_the_first_chunk_does_not_wait_for_the_whole_text() -> None:
    """The reader has the first chunk of a long text when most of it is not yet made."""
    speech = EspeakVoices().speak(f"{SENTENCE} " * 100, voice="alloy")
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    async with aclosing(speech):
        await anext(speech)
        first_s = loop.time() - started_s
        async for _ in speech:
            pass
    assert first_s < (loop.time() - started_s) / 3


async def test_closing_early_leaves_the_voice_to_others() -> None:
    """After a listener left in mid-text, the next one is served at once and gets only its own."""
    expected = await spoken(SENTENCE)
    for _ in range(5):
        speech = EspeakVoices().speak("A very long text without an end. " * 1000, voice="onyx")
        async with aclosing(speech):
            await anext(speech)
        assert alike(await asyncio.wait_for(spoken(SENTENCE), timeout=5), expected)


async def test_two_speakers_do_not_mix() -> None:
    """Two that speak at the same time sound as each does alone."""
    voices = ("coral", "onyx")
    alone = [await spoken(SENTENCE * 4, voice) for voice in voices]
    together = await asyncio.gather(*(spoken(SENTENCE * 4, voice) for voice in voices))
    assert not alike(*alone)
    assert all(alike(*pair) for pair in zip(alone, together, strict=True))


def test_every_voice_is_its_own() -> None:
    """No two of OpenAI's voice names are imitated in the same way."""
    assert len(set(TIMBRES.values())) == len(TIMBRES)


async def test_an_unknown_voice_speaks_as_the_default() -> None:
    """A custom or misspelt voice does not leave the caller in silence."""
    default = await spoken(SENTENCE, "alloy")
    assert alike(await spoken(SENTENCE, "voice_1234"), default)
    assert alike(await spoken(SENTENCE, ""), default)


async def test_languages_are_spoken() -> None:
    """A language, as an option or as the voice's name, changes the pronunciation."""
    text = "Die Sonne scheint heute in Berlin."
    english = await spoken(text)
    german = await spoken(text, language="de")
    assert not alike(german, english)
    assert not alike(await spoken(text, language="fr"), german)
    assert alike(await spoken(text, language="de-DE"), german)
    assert alike(await spoken(text, "de"), german)
    assert alike(await spoken(text, language="tlh-unknown"), english)


@pytest.mark.parametrize(("speed", "share"), [(0.5, 2.0), (2.0, 0.5), (4.0, 0.25)])
async def test_speed_changes_the_length(speed: float, share: float) -> None:
    """Twice the speed takes half the time, within a third."""
    usual_s = duration_s(await spoken(SENTENCE * 3))
    assert duration_s(await spoken(SENTENCE * 3, speed=speed)) == pytest.approx(
        usual_s * share, rel=0.34
    )


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "..."])
async def test_nothing_to_say_is_no_error(text: str) -> None:
    """A text without words is at most a short pause."""
    assert duration_s(await spoken(text)) < 1


@pytest.mark.parametrize("text", ["a\0b", "lone \ud800 surrogate", "<speak>hi</speak>", "x" * 4096])
async def test_odd_text_is_survived(text: str) -> None:
    """What C strings or UTF-8 cannot hold, markup and endless words are spoken somehow."""
    assert await spoken(text)


@given(st.text())
def test_passages_keep_the_words(text: str) -> None:
    """Cut into passages, a text keeps all its words in order and no passage is long."""
    cut = list(passages(text))
    assert "".join("".join(cut).split()) == "".join(text.replace("\0", " ").split())
    assert all(0 < len(passage) <= 400 for passage in cut)
