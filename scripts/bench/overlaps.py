"""Sounds over a long reply: does it go on, when, and is a word lost or said twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import soxr
from numpy.typing import NDArray

from scripts.bench.results import Results
from scripts.bench.sounds import Sound
from scripts.bench.subjects import DELAYS, Pipeline, Subjects
from tests.caller.analysis import SPAN_GAP_S, Span
from tests.caller.driver import Call, CallError
from tests.caller.ear import SAMPLE_RATE_HZ
from tests.caller.microphone import Utterance
from tests.caller.recognition import normalise, recognise

STORY = (
    "There was a river and on the river was a boat and in the boat sat an old man with a dog and a"
    " cat and a basket full of bread and cheese and apples and nobody on the river knew where the"
    " old man and the dog and the cat were going with the boat and the basket but every morning"
    " when the sun came over the hills the children ran down to the water and called and waved"
)
INSTEAD = "Pardon me?"
"""What an agent says that took a sound for a turn."""
AUDIBLE_BEFORE_S = 0.9
UNHEARD_AFTER_S = 0.8
"""A sound that has not silenced the agent by then, from its end, will not."""
OVER_AFTER_S = 3.5
"""A reply that is not heard again by then is over."""
QUIET_S = 1.2
LEAST_LEFT_S = 4.0
"""Of a reply, for one more sound to be played into it."""
ALIGN_RATE_HZ = 8_000
ALIGN_S = 0.7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sound did to the reply; seconds, None where it did not happen."""

    ended: bool
    gap_s: float
    resumed_after_s: float
    skipped_s: float | None
    """Of the reply: what the caller never heard, or heard twice where it is negative."""


async def measure_overlaps(
    running: Subjects,
    subject: str,
    pipeline: Pipeline,
    chosen: Sequence[Sound],
    results: Results,
) -> None:
    """Play each sound into a reply; a new call whenever one fails."""
    waiting = list(chosen)
    reference: Reference | None = None
    while waiting:
        try:
            _listen_for(running, "")
            async with running.caller(subject).call({"pipeline": pipeline}) as call:
                await call.hear()
                reference = reference or await Reference.heard_in(call)
                while waiting:
                    await _one_story(
                        running,
                        call,
                        waiting,
                        subject=subject,
                        pipeline=pipeline,
                        reference=reference,
                        results=results,
                    )
        except CallError as error:
            results.fail(f"{subject} {pipeline}: {error}")
            waiting = waiting[1:]


@dataclass(frozen=True, slots=True)
class Reference:
    """The story heard without a disturbance."""

    samples: NDArray[np.float32]
    duration_s: float
    words: list[str]

    @classmethod
    async def heard_in(cls, call: Call) -> Reference:
        """Have it told."""
        await call.type("Tell me a story.")
        span = await call.hear()
        heard = call.ear.samples(span.start_s - 0.1, span.end_s + 0.1)
        words = normalise(await asyncio.to_thread(recognise, heard, SAMPLE_RATE_HZ))
        return cls(_for_alignment(heard), span.duration_s, words)

    def position_s(self, samples: NDArray[np.int16]) -> float | None:
        """Where in the story this piece begins; None when it is not found."""
        piece = _for_alignment(samples)
        if piece.size < ALIGN_RATE_HZ * 0.3 or piece.size > self.samples.size:
            return None
        size = 1 << (self.samples.size + piece.size).bit_length()
        products = np.fft.irfft(
            np.fft.rfft(self.samples, size) * np.conj(np.fft.rfft(piece, size)), size
        )[: self.samples.size - piece.size + 1]
        energies = np.cumsum(np.concatenate([[0.0], self.samples.astype(np.float64) ** 2]))
        norms = np.sqrt(energies[piece.size :] - energies[: -piece.size])
        likeness = products / np.maximum(norms * np.linalg.norm(piece), 1e-9)
        best = int(np.argmax(likeness))
        return best / ALIGN_RATE_HZ if likeness[best] > 0.5 else None


async def _one_story(
    running: Subjects,
    call: Call,
    waiting: list[Sound],
    *,
    subject: str,
    pipeline: Pipeline,
    reference: Reference,
    results: Results,
) -> None:
    await call.type("Tell me a story.")
    began_s = time.monotonic()
    told_s = 0.0
    ended = False
    while waiting and not ended and reference.duration_s - told_s > LEAST_LEFT_S:
        await call.heard_for(AUDIBLE_BEFORE_S)
        sound = waiting.pop(0)
        outcome = await _play(running, call, sound, reference)
        ended = outcome.ended
        _note(results, f"{pipeline}", subject, sound, outcome)
        told_s = sum(span.duration_s for span in call.ear.spans if span.start_s > began_s)
    await call.ear.until(lambda: time.monotonic() - call.ear.spans[-1].end_s > QUIET_S, 60.0)
    if ended:
        return
    samples = call.ear.samples(began_s, call.ear.spans[-1].end_s + 0.1)
    heard = await asyncio.to_thread(recognise, samples, SAMPLE_RATE_HZ)
    lost, added = _changes(reference.words, normalise(heard))
    results.add(f"words lost, {pipeline}", subject, len(lost), words=" ".join(lost))
    results.add(f"words added, {pipeline}", subject, len(added), words=" ".join(added))


async def _play(running: Subjects, call: Call, sound: Sound, reference: Reference) -> Outcome:
    _listen_for(running, sound.clip.text)
    captions = len(call.captions.of("agent"))
    said = await call.say(sound.clip)

    def is_settled() -> bool:
        since_s = time.monotonic() - said.last_sample_s
        gap = _gap(call.ear.spans, said)
        if gap is None or gap[1] is None:
            return since_s >= (UNHEARD_AFTER_S if call.ear.is_hearing else OVER_AFTER_S)
        return time.monotonic() - gap[1].start_s > ALIGN_S + 0.2

    await call.ear.until(is_settled, 20.0)
    gap = _gap(call.ear.spans, said)
    new_caption = len(call.captions.of("agent")) > captions
    if gap is None:
        return Outcome(new_caption, 0.0, 0.0, None)
    quiet, again = gap
    if again is None or new_caption:
        return Outcome(True, time.monotonic() - quiet.end_s, 0.0, None)
    before = reference.position_s(call.ear.samples(quiet.end_s - ALIGN_S, quiet.end_s))
    after = reference.position_s(call.ear.samples(again.start_s, again.start_s + ALIGN_S))
    skipped = None if before is None or after is None else after - before - ALIGN_S
    resumed_after_s = again.start_s - said.last_sample_s
    return Outcome(False, again.start_s - quiet.end_s, resumed_after_s, skipped)


def _gap(spans: Sequence[Span], said: Utterance) -> tuple[Span, Span | None] | None:
    """The span that ended with the sound or soon after, and the one after it; None if none did."""
    for index, span in enumerate(spans):
        is_last = index + 1 == len(spans)
        if is_last and time.monotonic() - span.end_s < SPAN_GAP_S:
            return None
        if said.first_sample_s < span.end_s <= said.last_sample_s + UNHEARD_AFTER_S:
            following = None if is_last else spans[index + 1]
            return span, following
    return None


def _changes(told: list[str], heard: list[str]) -> tuple[list[str], list[str]]:
    """Words that were not heard, and words heard besides. As many others in place of some words are
    the recogniser's: a voice that is cut within a word is understood a little differently.
    """
    lost, added = [], []
    for _, i, j, k, m in SequenceMatcher(None, told, heard, autojunk=False).get_opcodes():
        lost += told[i + (m - k) : j]
        added += heard[k + (j - i) : m]
    return lost, added


def _note(results: Results, pipeline: str, subject: str, sound: Sound, outcome: Outcome) -> None:
    conditions = {"kind": sound.kind, "text": sound.clip.text}
    results.add(f"reply ended, {pipeline}", subject, float(outcome.ended), **conditions)
    if outcome.ended:
        return
    results.add(f"paused, {pipeline}", subject, outcome.gap_s, **conditions)
    if outcome.gap_s > 0:
        results.add(f"resumed, {pipeline}", subject, outcome.resumed_after_s, **conditions)
        if outcome.skipped_s is not None:
            results.add(f"skipped, {pipeline}", subject, outcome.skipped_s, **conditions)


def _listen_for(running: Subjects, text: str) -> None:
    """Let the recogniser hear this from now on, and the agent tell its story when asked."""
    running.provider.play(
        delays=DELAYS,
        replies=[{"match": "story", "text": STORY, "times": 0}, {"text": INSTEAD, "times": 0}],
        transcripts=[{"text": text, "times": 0}],
    )


def _for_alignment(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    return np.asarray(
        soxr.resample(samples.astype(np.float32) / 32768.0, SAMPLE_RATE_HZ, ALIGN_RATE_HZ)
    )
