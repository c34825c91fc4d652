"""What is done to the caller's audio before anything hears it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from livekit import rtc

from agent.pipeline.caller_audio import CallerAudio, HalfDuplexGate, NoiseSuppressor
from agent.pipeline.playout import RoomPlayout

RATE_HZ = 24_000


def a_gate(*, agent_is_audible: bool) -> HalfDuplexGate:
    return HalfDuplexGate(cast("RoomPlayout", SimpleNamespace(is_audible=agent_is_audible)))


def noise(duration_s: float) -> rtc.AudioFrame:
    count = round(duration_s * RATE_HZ)
    samples = np.random.default_rng(1).normal(0, 1500, count).astype(np.int16)
    return rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, count)


def level(frame: rtc.AudioFrame) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(frame.data, np.int16).astype(float) ** 2)))


def test_audio_under_the_agents_voice_is_silence() -> None:
    """As long as before, so that the stream has no hole."""
    heard = a_gate(agent_is_audible=True)(noise(0.02))
    assert level(heard) == 0
    assert heard.samples_per_channel == 480


def test_audio_after_the_agent_passes() -> None:
    """Nobody is talked over, so nothing is kept back."""
    frame = noise(0.02)
    assert a_gate(agent_is_audible=False)(frame) is frame


@pytest.mark.parametrize("frame_s", [0.02, 0.025])
def test_steady_noise_is_taken_out(frame_s: float) -> None:
    """At least half of it, and the audio stays as long as it was."""
    suppressor = NoiseSuppressor()
    frame = noise(frame_s)
    for _ in range(50):
        cleaned = suppressor(frame)
    assert cleaned.samples_per_channel == frame.samples_per_channel
    assert level(cleaned) < 0.7 * level(frame)


def test_filters_work_in_a_row_and_may_be_switched_off() -> None:
    """The framework may switch a processor off; then everything passes."""
    audio = CallerAudio([NoiseSuppressor(), a_gate(agent_is_audible=True)])
    assert level(audio._process(noise(0.02))) == 0
    audio.enabled = False
    assert level(audio._process(noise(0.02))) > 0


def test_a_listener_is_given_the_audio_as_it_came() -> None:
    """Before any filter, and also where filters are switched off."""
    audio = CallerAudio([a_gate(agent_is_audible=True)])
    heard: list[rtc.AudioFrame] = []
    audio.listener = heard.append
    frame = noise(0.02)
    assert audio._process(frame) is not frame
    audio.enabled = False
    audio._process(frame)
    assert heard == [frame, frame]
