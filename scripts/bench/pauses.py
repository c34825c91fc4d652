"""What can be told from a pause: how often the best of all policies would cut a caller off.

The sweep is that of LiveKit's eot-bench, as its README defines it ("Policy Sweep and Operating
Points"; read 2026-11-21): each pause has a score, the probability that the turn is over, taken
after 0.2 s of silence. A policy has three knobs: the score from which the turn may end
(threshold), the silence that must have passed before it does (action delay), and the silence that
ends it whatever the score (timeout). False cut-offs are the share of pauses within turns (holds,
0.2 to 5 s) in which the policy ends the turn; latency is the silence that it lets pass at true
ends, on average. Summed up by the fewest cut-offs of all policies with a mean latency of no more
than 300 and 600 ms. Silence alone is swept the same way. The grid of the knobs is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np
import soxr
from livekit.local_inference import EOT, EOT_MAX_SAMPLES
from numpy.typing import NDArray

from agent.pipeline.unfinished import is_unfinished
from scripts.bench.recordings import Recording
from tests.caller.speech import SAMPLE_RATE_HZ, Clip

LOOKS_S = (0.2, 0.25, 0.3, 0.4)
"""Silence after which the model is asked; the first alone is the score of the bare model."""
ALIGNMENTS_S = (0.0, 0.011, 0.023)
"""Each pause is judged so often: the model's answer depends on where its window lies by up to 0.2,
and nothing keeps silence in step with a recording.
"""
LATENCY_BUDGETS_S = (0.3, 0.6)
_RATE_HZ = 16_000
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
_SILENCES_S = tuple(round(0.2 + 0.05 * step, 2) for step in range(57))

Score = Callable[["Judged"], float]


@dataclass(frozen=True, slots=True)
class Judged:
    """A pause or an end: the model's answers while it lasted, and whether the words break off."""

    looks: tuple[float, ...]
    breaks_off: bool
    pause_s: float | None
    """None for a true end."""


SCORES: Mapping[str, Score] = {
    "model, one look": lambda judged: judged.looks[0],
    "model, mean of four looks": lambda judged: fmean(judged.looks),
    "model, four looks, and words": lambda judged: (
        0.0 if judged.breaks_off else fmean(judged.looks)
    ),
    "silence alone": lambda _: 0.0,
}


@dataclass(frozen=True, slots=True)
class Swept:
    """A policy on the frontier, and what it does."""

    threshold: float
    action_delay_s: float
    timeout_s: float
    cut_off_share: float
    mean_latency_s: float


def judge(recordings: Sequence[Recording]) -> list[Judged]:
    """Every pause and every end. The words are taken as spoken, with a full stop."""
    model = EOT()
    spans = [
        (model, recording, at_end, alignment_s)
        for recording in recordings
        for at_end in (False, True)
        for alignment_s in ALIGNMENTS_S
    ]
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda span: _judge(*span), spans))


def _judge(model: EOT, recording: Recording, at_end: bool, alignment_s: float) -> Judged:
    clip, text = recording.first, recording.first.text
    if at_end:
        clip, text = recording.rest, f"{text} {recording.rest.text}"
    longest_s = LOOKS_S[-1] if at_end else recording.pause_s
    looks = [
        float(model.predict(_window(clip, look_s + alignment_s)))
        for look_s in LOOKS_S
        if look_s <= longest_s
    ]
    return Judged(
        tuple(looks),
        is_unfinished(f"{text.rstrip('.')}." if not text.endswith("?") else text, "en"),
        None if at_end else recording.pause_s,
    )


def _window(clip: Clip, silence_s: float) -> NDArray[np.int16]:
    """What the model hears: the end of the clip and the silence after it."""
    heard = soxr.resample(clip.samples.astype(np.float32), SAMPLE_RATE_HZ, _RATE_HZ)
    padded = np.concatenate(
        (np.zeros(EOT_MAX_SAMPLES), heard, np.zeros(round(silence_s * _RATE_HZ)))
    )
    window: NDArray[np.int16] = np.clip(padded[-EOT_MAX_SAMPLES:], -32768, 32767).astype(np.int16)
    return window


def frontier(judged: Sequence[Judged], score: Score) -> list[Swept]:
    """The policies that no other beats on both axes, the quickest first."""
    ends = np.array([score(one) for one in judged if one.pause_s is None])
    holds = np.array([score(one) for one in judged if one.pause_s is not None])
    pauses_s = np.array([one.pause_s for one in judged if one.pause_s is not None])
    swept = []
    for threshold, delay_s, timeout_s in product(_THRESHOLDS, _SILENCES_S, _SILENCES_S):
        if delay_s <= timeout_s:
            waits_s = np.where(holds >= threshold, delay_s, timeout_s)
            latency_s = np.where(ends >= threshold, delay_s, timeout_s).mean()
            cut_off_share = float((waits_s < pauses_s).mean())
            swept.append(Swept(threshold, delay_s, timeout_s, cut_off_share, float(latency_s)))
    best: list[Swept] = []
    for policy in sorted(swept, key=lambda one: (one.mean_latency_s, one.cut_off_share)):
        if not best or policy.cut_off_share < best[-1].cut_off_share:
            best.append(policy)
    return best


def at_budget(policies: Iterable[Swept], budget_s: float) -> float | None:
    """The share of cut-offs at a mean latency of no more than this; None if none is as quick."""
    within = [one.cut_off_share for one in policies if one.mean_latency_s <= budget_s]
    return min(within, default=None)


def sweep(recordings: Sequence[Recording]) -> dict[str, Any]:
    """The frontier of each score and its cut-offs at the budgets, JSON-ready, and printed."""
    judged = judge(recordings)
    frontiers = {name: frontier(judged, score) for name, score in SCORES.items()}
    print(f"\n{'false cut-offs at a mean latency of':36} {'0.3 s':>7} {'0.6 s':>7}")
    budgets = {}
    for name, policies in frontiers.items():
        shares = [at_budget(policies, budget_s) for budget_s in LATENCY_BUDGETS_S]
        columns = " ".join("      –" if share is None else f"{share:7.1%}" for share in shares)
        print(f"{name:36} {columns}")
        budgets[name] = dict(zip(map(str, LATENCY_BUDGETS_S), shares, strict=True))
    return {
        "false_cut_offs_at_mean_latency_s": budgets,
        "frontiers": {
            name: [{field: getattr(one, field) for field in Swept.__slots__} for one in policies]
            for name, policies in frontiers.items()
        },
    }
