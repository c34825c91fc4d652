"""Speech heard by our own stream around Silero, beside the framework's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
from livekit import rtc
from livekit.agents import inference, vad
from numpy.typing import NDArray

from agent.pipeline.speech_detector import LEAST_SILENCE_S, MODEL_HZ, WINDOW_S, SpeechDetector
from tests.caller.speech import SAMPLE_RATE_HZ, speak

Samples = NDArray[np.int16]
FRAME_S = 0.02


def talk(rate_hz: int) -> Samples:
    """Sentences with a short pause in one of them and longer ones around, in a quiet room."""
    parts = ("Please wait.", 0.2, "I will look it up.", 0.9, "Thank you.", 1.0)
    noise = np.random.default_rng(7)
    sounds = [
        speak(part).samples if isinstance(part, str) else np.zeros(round(part * SAMPLE_RATE_HZ))
        for part in (1.0, *parts, *parts)
    ]
    sound = np.concatenate(sounds)
    room = noise.normal(0, 20, sound.size)
    return np.asarray(soxr.resample((sound + room) / 2, SAMPLE_RATE_HZ, rate_hz), np.int16)


def frames(samples: Samples, rate_hz: int) -> list[rtc.AudioFrame]:
    """What a room gives of a sound."""
    size = round(FRAME_S * rate_hz)
    return [
        rtc.AudioFrame(samples[at : at + size].tobytes(), rate_hz, 1, size)
        for at in range(0, samples.size // size * size, size)
    ]


async def events(detector: vad.VAD, pieces: list[rtc.AudioFrame]) -> list[vad.VADEvent]:
    """All that a detector tells of a sound."""
    stream = detector.stream()
    windows = int(len(pieces) * FRAME_S / WINDOW_S)
    for piece in pieces:
        stream.push_frame(piece)
    told: list[vad.VADEvent] = []
    async for event in stream:
        told.append(event)
        windows -= event.type is vad.VADEventType.INFERENCE_DONE
        if windows == 0:
            break
    await stream.aclose()
    return told


def turns(told: list[vad.VADEvent]) -> list[vad.VADEvent]:
    """The beginnings and ends."""
    return [event for event in told if event.type is not vad.VADEventType.INFERENCE_DONE]


async def test_its_events_are_the_frameworks() -> None:
    """Each field of each, except the audio of windows and what the framework spent on them."""
    pieces = frames(talk(MODEL_HZ), MODEL_HZ)
    expected = await events(inference.VAD(min_silence_duration=LEAST_SILENCE_S), pieces)
    told = await events(SpeechDetector(), pieces)
    assert [_bare(event) for event in told] == [_bare(event) for event in expected]
    kinds = [event.type.value for event in turns(told)]
    assert kinds == ["start_of_speech", "end_of_speech"] * (len(kinds) // 2)
    assert len(kinds) >= 8
    for ours, theirs in zip(turns(told), turns(expected), strict=True):
        (ours_heard,), (theirs_heard,) = ours.frames, theirs.frames
        # What came before speech is kept by the sample there and by the window here.
        size = min(ours_heard.samples_per_channel, theirs_heard.samples_per_channel)
        assert size >= theirs_heard.samples_per_channel - WINDOW_S * MODEL_HZ
        assert bytes(ours_heard.data)[-2 * size :] == bytes(theirs_heard.data)[-2 * size :]


def _bare(event: vad.VADEvent) -> vad.VADEvent:
    return replace(event, frames=[], inference_duration=0.0)


async def test_audio_of_another_rate_is_heard_alike() -> None:
    """What a realtime model hears, at 24 kHz, begins and ends when it does at 16."""
    expected = turns(await events(SpeechDetector(), frames(talk(MODEL_HZ), MODEL_HZ)))
    told = turns(await events(SpeechDetector(), frames(talk(24_000), 24_000)))
    assert [event.type for event in told] == [event.type for event in expected]
    for ours, theirs in zip(told, expected, strict=True):
        assert ours.timestamp == pytest.approx(theirs.timestamp, abs=2 * WINDOW_S)


async def test_an_event_can_be_had_as_soon_as_the_audio_is_in() -> None:
    """No task has to run first; so it is not late in a busy loop."""
    stream = SpeechDetector().stream()
    for piece in frames(talk(MODEL_HZ)[: MODEL_HZ // 2], MODEL_HZ):
        stream.push_frame(piece)
    stream.end_input()
    assert len([event async for event in stream]) == int(0.5 / WINDOW_S)
    with pytest.raises(RuntimeError, match="ended"):
        stream.push_frame(rtc.AudioFrame.create(MODEL_HZ, 1, 320))


async def test_a_flush_is_a_new_beginning() -> None:
    """Speech that was under way is not ended, and what comes is counted from zero."""
    stream = SpeechDetector().stream()
    sentence = frames(talk(MODEL_HZ)[MODEL_HZ:][: MODEL_HZ // 2], MODEL_HZ)
    for piece in sentence:
        stream.push_frame(piece)
    stream.flush()
    stream.push_frame(rtc.AudioFrame.create(MODEL_HZ, 1, round(WINDOW_S * MODEL_HZ)))
    stream.end_input()
    *before, after = [event async for event in stream]
    assert before[-1].speaking
    assert not after.speaking
    assert after.timestamp == WINDOW_S
    assert after.speech_duration == 0.0
