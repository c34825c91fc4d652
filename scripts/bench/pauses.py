"""60 utterances with a pause in the middle of a phrase, what the turn detector makes of each pause
and end, and how often a policy of delays would cut the caller off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import inference
from livekit.agents.language import LanguageCode

from agent.pipeline.profiles import PROFILES
from tests.caller.speech import SAMPLE_RATE_HZ, Clip, Voice, speak

UTTERANCES: tuple[tuple[str, str], ...] = (
    ("I would like to book a table for", "two people tonight."),
    ("Can you tell me whether you are", "open on Sunday?"),
    ("My order number is", "four zero two one seven."),
    ("I need to change the address of", "my last order."),
    ("What I really wanted to know is", "how much it costs."),
    ("We were thinking about coming on", "Friday evening."),
    ("Could you please tell me the", "price of the blue one?"),
    ("I called you last week because", "my parcel never arrived."),
    ("The reason that I am asking is that", "my sister has a dog."),
    ("So if I understand you right then the", "delivery is free."),
    ("I am looking for a present for my", "grandmother's birthday."),
    ("Is there any way that I could", "speak to a person?"),
    ("Let me think, it was on the", "third of March."),
    ("My name is Anna and I", "live in Paris."),
    ("I want to cancel the appointment that", "I made for tomorrow."),
    ("Do you know if the shop in", "London has it?"),
    ("It would be great if you could", "send me the invoice."),
    ("Well, I have tried to", "log in three times."),
    ("I think that the blue one and the", "green one are fine."),
    ("When I opened the box there was a", "piece missing."),
)
VOICES: tuple[Voice, ...] = ("slt", "rms", "awb")
PAUSES_S = tuple(round(0.3 + 0.1 * step, 1) for step in range(10))

JUDGED_AFTER_S = 0.2
"""Of silence: when the framework asks the detector (MIN_SILENCE_DURATION_MS of livekit-agents)."""
TIMES = 3
"""Each is judged so often: for the same audio the detector's answer varies by up to 0.04."""
FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
BASELINE_VAD_SILENCE_S = 0.55
BASELINE_DELAYS_S = (0.3, 2.5)
"""The framework's own: its Silero's silence, and its delays with a streaming detector."""
VAD_ONLY_DELAY_S = 0.5
VAD_SILENCE_S = 0.3
LATENCY_BUDGETS_S = (0.3, 0.6)


@dataclass(frozen=True, slots=True)
class Judged:
    """One utterance: how long its pause is, and the detector's probability that the turn is over,
    asked in the pause and at the end.
    """

    text: str
    voice: str
    pause_s: float
    at_pause: float
    at_end: float


@dataclass(frozen=True, slots=True)
class Policy:
    """When a turn ends: so much silence where the detector's probability reaches the threshold, so
    much where it does not, and never less than the voice activity detector needs.
    """

    threshold: float
    min_s: float
    max_s: float
    vad_silence_s: float = VAD_SILENCE_S

    def waits_s(self, probability: float) -> float:
        """Silence until the turn ends."""
        delay_s = self.min_s if probability >= self.threshold else self.max_s
        return max(delay_s, self.vad_silence_s)

    def point(self, judged: Sequence[Judged]) -> Point:
        """Where it lies on both axes."""
        cut = [self.waits_s(one.at_pause) < one.pause_s for one in judged]
        latencies = [self.waits_s(one.at_end) for one in judged]
        return Point(fmean(cut), fmean(latencies), float(np.median(latencies)))


@dataclass(frozen=True, slots=True)
class Point:
    """A policy's figures: the share of pauses in which it ended the turn, and the time it let pass
    after true ends.
    """

    cut_off_share: float
    mean_latency_s: float
    median_latency_s: float


async def judge(count: int) -> list[Judged]:
    """The local detector's own predictions, by its own stream, faster than real time: its audio
    context is what was pushed, not when.
    """
    detector = inference.TurnDetector(version="v1-mini")
    return [await _judge(detector, index) for index in range(count) for _ in range(TIMES)]


async def _judge(detector: inference.TurnDetector, index: int) -> Judged:
    first, rest = UTTERANCES[index % len(UTTERANCES)]
    voice = VOICES[index // len(UTTERANCES) % len(VOICES)]
    pause_s = PAUSES_S[(index * 7) % len(PAUSES_S)]
    stream = detector.stream()
    try:
        _push(stream, await asyncio.to_thread(speak, first, voice))
        _push_silence(stream, JUDGED_AFTER_S)
        at_pause = await _probability(stream)
        _push_silence(stream, pause_s - JUDGED_AFTER_S)
        _push(stream, await asyncio.to_thread(speak, rest, voice))
        _push_silence(stream, JUDGED_AFTER_S)
        at_end = await _probability(stream)
    finally:
        await stream.aclose()
    return Judged(f"{first} … {rest}", voice, pause_s, at_pause, at_end)


async def _probability(stream: Any) -> float:
    while not stream._audio_ch.empty():  # noqa: ASYNC110 - a task of the stream's empties it
        await asyncio.sleep(0)
    return float((await stream.predict()).end_of_turn_probability)


def _push(stream: Any, clip: Clip) -> None:
    for start in range(0, clip.samples.size, FRAME_SAMPLES):
        part = clip.samples[start : start + FRAME_SAMPLES]
        stream.push_audio(rtc.AudioFrame(part.tobytes(), SAMPLE_RATE_HZ, 1, part.size))


def _push_silence(stream: Any, duration_s: float) -> None:
    size = round(duration_s * SAMPLE_RATE_HZ)
    stream.push_audio(rtc.AudioFrame(bytes(2 * size), SAMPLE_RATE_HZ, 1, size))


async def threshold() -> float:
    """Below this the framework takes an end for unlikely, in English."""
    stream = inference.TurnDetector(version="v1-mini").stream()
    try:
        return await stream.unlikely_threshold(LanguageCode("en")) or 0.5
    finally:
        await stream.aclose()


def named_policies(unlikely: float) -> Mapping[str, Policy]:
    """The delays of Parley's profiles, the framework's defaults, and silence alone."""
    profiles: dict[str, Policy] = {}
    for name, profile in PROFILES.items():
        profiles[f"{name}, cascade"] = Policy(unlikely, profile.min_s, profile.max_s)
        profiles[f"{name}, realtime"] = Policy(unlikely, profile.realtime_min_s, profile.max_s)
    return {
        **profiles,
        "framework's defaults": Policy(unlikely, *BASELINE_DELAYS_S, BASELINE_VAD_SILENCE_S),
        "framework, VAD only": Policy(
            0.0, VAD_ONLY_DELAY_S, VAD_ONLY_DELAY_S, BASELINE_VAD_SILENCE_S
        ),
    }


def curve(judged: Sequence[Judged], *, by_detector: bool) -> list[tuple[Policy, Point]]:
    """The best that can be had: for each mean latency, the fewest cut-offs of all policies."""
    silences = [round(0.3 + 0.05 * step, 2) for step in range(55)]
    grid: Iterable[Policy]
    if by_detector:
        limits = [round(0.05 * step, 2) for step in range(1, 20)]
        grid = (
            Policy(t, low, high)
            for t, low, high in product(limits, silences, silences)
            if low <= high
        )
    else:
        grid = (Policy(0.0, silence, silence) for silence in silences)
    frontier: list[tuple[Policy, Point]] = []
    points = sorted(
        ((p, p.point(judged)) for p in grid),
        key=lambda pair: (pair[1].mean_latency_s, pair[1].cut_off_share),
    )
    for policy, point in points:
        if not frontier or point.cut_off_share < frontier[-1][1].cut_off_share:
            frontier.append((policy, point))
    return frontier


def at_budget(frontier: Sequence[tuple[Policy, Point]], budget_s: float) -> float | None:
    """The share of cut-offs at a mean latency of no more than this; None if none is as quick."""
    within = [point.cut_off_share for _, point in frontier if point.mean_latency_s <= budget_s]
    return min(within, default=None)


async def measure_cut_offs(count: int) -> dict[str, Any]:
    """Everything there is to report, JSON-ready, and printed."""
    judged, unlikely = await judge(count), await threshold()
    named = {name: policy.point(judged) for name, policy in named_policies(unlikely).items()}
    curves = {
        "local detector": curve(judged, by_detector=True),
        "silence alone": curve(judged, by_detector=False),
    }
    print(f"{'policy':24} {'cut-offs':>9} {'mean':>7} {'median latency':>15}")
    for name, point in named.items():
        print(
            f"{name:24} {point.cut_off_share:9.1%} {point.mean_latency_s:6.2f} s"
            f" {point.median_latency_s:13.2f} s"
        )
    budgets = {
        name: {f"{budget_s:.1f}": at_budget(frontier, budget_s) for budget_s in LATENCY_BUDGETS_S}
        for name, frontier in curves.items()
    }
    print(f"false cut-offs at a mean latency of 0.3 and 0.6 s: {budgets}")
    return {
        "utterances": [asdict(one) for one in judged],
        "unlikely_threshold": unlikely,
        "policies": {name: asdict(point) for name, point in named.items()},
        "false_cut_offs_at_mean_latency": budgets,
        "curves": {
            name: [{**asdict(policy), **asdict(point)} for policy, point in frontier]
            for name, frontier in curves.items()
        },
    }


def plot(measured: Mapping[str, Any], path: Path) -> None:
    """Both axes as a picture: the curves, and the named policies as points on or above them.
    Needs the dependency group `bench`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name, points in measured["curves"].items():
        axes.step(
            [point["mean_latency_s"] for point in points],
            [100 * point["cut_off_share"] for point in points],
            where="post",
            label=f"best of any delays: {name}",
        )
    for name, point in measured["policies"].items():
        place = point["mean_latency_s"], 100 * point["cut_off_share"]
        axes.plot(*place, "o", color="black", markersize=4)
        axes.annotate(name, place, xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set(xlabel="mean silence before a turn ends (s)", ylabel="pauses cut off (%)", xlim=(0, 3))
    axes.legend()
    figure.savefig(path)
