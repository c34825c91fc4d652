"""What a listener lets be heard while the agent speaks: 40 backchannels in 6 voices, 20 noises."""

from __future__ import annotations

import io
import json
import urllib.request
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from tests.caller.analysis import voiced_bounds
from tests.caller.speech import PEAK, SAMPLE_RATE_HZ, Clip, Voice, speak
from tests.caller.stack import PROVIDER_KEY, SandboxProvider

FLITE: tuple[Voice, ...] = ("slt", "rms", "awb", "kal")
ESPEAK = ("coral", "echo")
SAID_BY_FLITE = ("mm hmm", "uh huh", "yeah", "okay", "right", "I see", "sure")
SAID_BY_ESPEAK = ("mhm", "uh-huh", "yeah", "okay", "alright", "got it")
NOISES_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound over the agent; `clip.text` is what a good recogniser makes of it."""

    kind: str
    clip: Clip


def sounds(provider: SandboxProvider) -> list[Sound]:
    """All 60, kinds mixed, in an order that is the same in every run."""
    made = [*_backchannels(provider), *_noises()]
    order = np.random.default_rng(60).permutation(len(made))
    return [made[index] for index in order]


def _backchannels(provider: SandboxProvider) -> Iterator[Sound]:
    for voice in FLITE:
        for text in SAID_BY_FLITE:
            yield Sound(f"flite {voice}", speak(text, voice))
    for name in ESPEAK:
        for text in SAID_BY_ESPEAK:
            yield Sound(f"espeak {name}", espeak(provider, text, name))


@cache
def espeak(provider: SandboxProvider, text: str, voice: str) -> Clip:
    """The text as the sandbox's espeak voice of that name says it, trimmed to what is audible."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{provider.port}/v1/audio/speech",
        data=json.dumps(
            {"model": "tts-1", "input": text, "voice": voice, "response_format": "wav"}
        ).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {PROVIDER_KEY}"},
    )
    with urllib.request.urlopen(request, timeout=20.0) as answer:
        raw = answer.read()
    with wave.open(io.BytesIO(raw), "rb") as wav:
        rate_hz = wav.getframerate()
    # A streamed WAV does not know its length; the samples are what follows the header.
    samples = np.frombuffer(raw[44 : 44 + (len(raw) - 44) // 2 * 2], dtype="<i2")
    return _clip(text, soxr.resample(samples.astype(np.float64), rate_hz, SAMPLE_RATE_HZ))


def _noises() -> Iterator[Sound]:
    for seed in range(NOISES_OF_A_KIND):
        random = np.random.default_rng(seed)
        for make in (cough, slam, keyboard, sneeze):
            yield Sound(make.__name__, _clip("", make(random)))


def cough(random: np.random.Generator) -> NDArray[np.float64]:
    """Two or three bursts of breath through a throat: noise around 0.6 to 2.5 kHz, 0.2 s each."""
    bursts = []
    for _ in range(int(random.integers(2, 4))):
        burst = _band(random, random.uniform(0.14, 0.24), 500, 2500)
        bursts += [burst * _decay(burst.size, 0.006, 0.05), _quiet(random.uniform(0.08, 0.2))]
    return np.concatenate(bursts)


def slam(random: np.random.Generator) -> NDArray[np.float64]:
    """A door: a click, then a boom below 200 Hz that dies away within 0.5 s."""
    boom = _band(random, 0.5, 40, 220)
    click = _band(random, 0.02, 1000, 8000)
    boom[: click.size] += 0.5 * click
    return boom * _decay(boom.size, 0.002, 0.12)


def keyboard(random: np.random.Generator) -> NDArray[np.float64]:
    """Six to twelve keys: clicks of 15 ms, up to 0.2 s apart."""
    parts = []
    for _ in range(int(random.integers(6, 13))):
        key = _band(random, 0.015, 1500, 9000)
        parts += [key * _decay(key.size, 0.001, 0.004), _quiet(random.uniform(0.06, 0.2))]
    return np.concatenate(parts)


def sneeze(random: np.random.Generator) -> NDArray[np.float64]:
    """Air sucked in, then blown out: hiss above 1 kHz, 0.3 s and 0.35 s."""
    breath = _band(random, 0.3, 1000, 4000) * np.linspace(0.0, 0.2, round(0.3 * SAMPLE_RATE_HZ))
    blow = _band(random, 0.35, 1000, 9000)
    return np.concatenate([breath, blow * _decay(blow.size, 0.01, 0.12)])


def _band(
    random: np.random.Generator, duration_s: float, low_hz: float, high_hz: float
) -> NDArray[np.float64]:
    """Noise between two frequencies, of unit peak."""
    size = round(duration_s * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(size))
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    spectrum[(hertz < low_hz) | (hertz > high_hz)] = 0
    noise = np.fft.irfft(spectrum, size)
    return np.asarray(noise / max(float(np.abs(noise).max()), 1e-9))


def _decay(size: int, rise_s: float, fall_s: float) -> NDArray[np.float64]:
    seconds = np.arange(size) / SAMPLE_RATE_HZ
    return np.minimum(seconds / rise_s, 1.0) * np.exp(-np.maximum(seconds - rise_s, 0) / fall_s)


def _quiet(duration_s: float) -> NDArray[np.float64]:
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ))


def _clip(text: str, samples: NDArray[np.float64]) -> Clip:
    scaled = samples * (PEAK / max(float(np.abs(samples).max()), 1e-6))
    pcm = (np.clip(scaled, -1.0, 1.0) * 32767).astype(np.int16)
    start_s, end_s = voiced_bounds(pcm, SAMPLE_RATE_HZ)
    return Clip(text, pcm[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)])
