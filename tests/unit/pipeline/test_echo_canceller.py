"""The agent's own voice is taken out of the caller's audio, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray

from agent.pipeline.echo_canceller import EchoCanceller
from agent.pipeline.played_audio import PlayedAudio

RATE_HZ = 16_000
FRAME_S = 0.02
FRAME = round(FRAME_S * RATE_HZ)
Samples = NDArray[np.float64]


@dataclass
class Clock:
    """A clock that a test moves."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def babble(seed: int, duration_s: float) -> Samples:
    """Noise with the rhythm of speech: syllables of 0.15 to 0.3 s, softer sounds between."""
    random = np.random.default_rng(seed)
    noise = np.clip(random.normal(0.0, 8000.0, round(duration_s * RATE_HZ)), -30_000, 30_000)
    levels: list[Samples] = []
    while sum(part.size for part in levels) < noise.size:
        length = round(random.uniform(0.15, 0.3) * RATE_HZ)
        levels.append(random.uniform(0.1, 1.0) * np.hanning(length))
    return noise * np.concatenate(levels)[: noise.size]


def delayed(samples: Samples, delay_s: float, gain: float) -> Samples:
    count = round(delay_s * RATE_HZ)
    return np.concatenate([np.zeros(count), samples[: samples.size - count]]) * gain


def heard(agent: Samples, microphone: Samples) -> NDArray[np.int16]:
    """What is left of a microphone while the agent speaks."""
    clock = Clock()
    played = PlayedAudio(RATE_HZ)
    canceller = EchoCanceller(played, clock=clock)
    left = []
    for start in range(0, agent.size // FRAME * FRAME, FRAME):
        frame = slice(start, start + FRAME)
        played.add(agent[frame].astype(np.int16).tobytes(), clock.now_s)
        clock.now_s += FRAME_S
        sound = microphone[frame].astype(np.int16).tobytes()
        left.append(canceller(rtc.AudioFrame(sound, RATE_HZ, 1, FRAME)))
    return np.concatenate([np.frombuffer(frame.data, np.int16) for frame in left])


def level(samples: NDArray[np.generic], start_s: float, end_s: float) -> float:
    part = samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return float(np.sqrt(np.mean(np.square(part.astype(np.float64)))))


@pytest.mark.parametrize("delay_s", [0.1, 0.3, 0.45])
@pytest.mark.parametrize("gain", [0.3, 0.1])
def test_an_echo_is_found_and_taken_out(delay_s: float, gain: float) -> None:
    """However late and soft; a second after it began it is inaudible."""
    agent = babble(1, 6.0)
    echo = delayed(agent, delay_s, gain)
    left = heard(agent, echo)
    assert level(left, 1.5, 6.0) < 0.05 * level(echo, 1.5, 6.0)


def test_a_caller_over_an_echo_is_heard() -> None:
    """Once the echo is known, what is not of it passes."""
    agent, caller = babble(1, 8.0), babble(2, 8.0)
    caller[: 5 * RATE_HZ] = 0
    left = heard(agent, delayed(agent, 0.25, 0.15) + caller)
    assert level(left, 5.5, 8.0) > 0.3 * level(caller, 5.5, 8.0)


def test_without_an_echo_nothing_is_touched() -> None:
    """Not a sample of a caller with headphones, however long both speak."""
    caller = babble(3, 6.0)
    left = heard(babble(1, 6.0), caller)
    assert np.array_equal(left, caller.astype(np.int16)[: left.size])


def test_what_was_taken_back_was_not_played() -> None:
    """A pause empties the queue; what comes after it follows at its own time."""
    played = PlayedAudio(1000)
    played.add(np.arange(1, 201, dtype=np.int16).tobytes(), 50.0)
    played.cut(50.1)
    played.add(np.full(100, 7, dtype=np.int16).tobytes(), 50.5)
    expected = [*range(1, 101), *[0] * 400, *[7] * 100, *[0] * 100]
    assert played.between(50.0, 0.7).tolist() == expected
    assert played.ends_s == pytest.approx(50.6)
    assert not played.between(10.0, 0.1).any()
