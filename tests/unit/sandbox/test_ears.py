"""The sandbox's ears: real recognisers on real speech, silence and noise."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from agent.sandbox.ears import EarsError, FirstAvailableEars
from agent.sandbox.sphinx import PocketsphinxEars
from agent.sandbox.whisper import WhisperEars
from tests.caller.recognition import whisper_model_path
from tests.caller.speech import SAMPLE_RATE_HZ, speak

QUESTION = "What time is it in Paris right now?"

_RecogniserT = WhisperEars | PocketsphinxEars


@pytest.fixture(scope="module", params=[WhisperEars, PocketsphinxEars])
def ears(request: pytest.FixtureRequest) -> _RecogniserT:
    """Each recogniser in turn, loaded."""
    ears: _RecogniserT = (
        PocketsphinxEars()
        if request.param is PocketsphinxEars
        else WhisperEars(str(whisper_model_path()))
    )
    asyncio.run(ears.warm())
    request.addfinalizer(ears.close)
    return ears


def question(rate_hz: int) -> NDArray[np.int16]:
    """The question at another rate than the microphone's."""
    return soxr.resample(speak(QUESTION).samples, SAMPLE_RATE_HZ, rate_hz)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
async def test_speech_is_understood(ears: _RecogniserT, rate_hz: int) -> None:
    """A question is recognised at any usual sample rate, with its length and its times."""
    samples = question(rate_hz)
    heard = await ears.transcribe(samples, sample_rate_hz=rate_hz, word_times=True)
    assert "time is it in paris" in heard.text.lower()
    assert heard.language == "en"
    assert heard.duration_s == pytest.approx(len(samples) / rate_hz)
    assert "paris" in [word.text.lower() for word in heard.words]
    times = [(word.start_s, word.end_s) for word in heard.words]
    assert times == sorted(times)
    assert all(0 <= start_s <= end_s <= heard.duration_s + 0.5 for start_s, end_s in times)


@pytest.mark.parametrize("level", [0, 20])
@pytest.mark.parametrize("count", [0, 1, 100, 2_400, 48_000])
async def test_silence_is_empty(ears: _RecogniserT, count: int, level: int) -> None:
    """Nothing, almost nothing, digital silence and a quiet room give an empty transcript."""
    samples = (np.random.default_rng(0).standard_normal(count) * level).astype(np.int16)
    heard = await ears.transcribe(samples, sample_rate_hz=24_000)
    assert heard.text == ""
    assert heard.segments == ()


async def test_whisper_invents_nothing_for_noise() -> None:
    """Loud noise without speech is not turned into words."""
    whisper = WhisperEars(str(whisper_model_path()))
    samples = (np.random.default_rng(0).standard_normal(96_000) * 3000).astype(np.int16)
    heard = await whisper.transcribe(samples, sample_rate_hz=24_000)
    whisper.close()
    assert heard.text == ""


async def test_listening_leaves_the_event_loop_free(ears: _RecogniserT) -> None:
    """While two long utterances are recognised, the loop goes on: 50 ms apart, or, where the
    machine is busy with other things, a small part of the time that recognition takes.
    """
    samples = np.tile(question(16_000), 3)
    listening = asyncio.gather(*(ears.transcribe(samples, sample_rate_hz=16_000) for _ in range(2)))
    loop = asyncio.get_running_loop()
    started_s, longest_s = loop.time(), 0.0
    while not listening.done():
        before_s = loop.time()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, loop.time() - before_s - 0.005)
    assert all("paris" in heard.text.lower() for heard in await listening)
    assert longest_s < max(0.05, (loop.time() - started_s) / 4)


async def test_a_model_that_cannot_be_had_leaves_the_next_recogniser(
    caplog: pytest.LogCaptureFixture, tmp_path: object
) -> None:
    """Without a usable model the spare recogniser listens, and one line of the log says so."""
    ears = FirstAvailableEars([WhisperEars(str(tmp_path)), PocketsphinxEars()])
    with caplog.at_level(logging.INFO, logger="agent"):
        heard = await asyncio.gather(
            *(ears.transcribe(question(16_000), sample_rate_hz=16_000) for _ in range(2))
        )
    assert all("paris" in transcript.text for transcript in heard)
    assert ears.name == "pocketsphinx"
    assert len(caplog.messages) == 1
    assert "--whisper-model" in caplog.messages[0]
    ears.close()


async def test_an_unreachable_hub_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that would have to be downloaded from a hub that is not there fails in seconds."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    ears = WhisperEars("parley/no-such-model")
    async with asyncio.timeout(15):
        with pytest.raises(EarsError, match="could not be downloaded"):
            await ears.warm()
    ears.close()


async def test_an_unknown_model_is_named() -> None:
    """A misspelt model's name is an error that repeats it."""
    ears = WhisperEars("tinny.en")
    with pytest.raises(EarsError, match=r"tinny\.en"):
        await ears.warm()
    ears.close()
