"""Both sides of a call on one clock: every sample lies where its time says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.records.audio_alignment import FIRST_LAG_S, LAG_S, RATE_HZ, Samples, TwoSides

FRAME_S = 0.02
STEP_S = 0.2
WITHIN_S = 0.02
LOUD = 10_000


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of one side: a rest, then so many frames; what they hold is their time."""

    rest_s: float
    frames: int
    at_once: int = 1
    """So many come together, when the last of them is whole."""
    cut_s: float = 0.0
    """How much of the end is taken back."""


talks = st.lists(
    st.builds(
        Talk,
        rest_s=st.one_of(st.just(0.0), st.floats(0.0, 0.1), st.floats(0.0, 3.0)),
        frames=st.integers(1, 60),
        at_once=st.integers(1, 15),
        cut_s=st.sampled_from([0.0, 0.05, 0.15]),
    ),
    max_size=4,
)


def stamped(at_s: float, duration_s: float, rate_hz: int) -> Samples:
    """Samples that say when they sound, in milliseconds since a moment before the clock's zero."""
    moments = at_s + np.arange(round(duration_s * rate_hz)) / rate_hz
    return (np.round(moments * 1000) + 1).astype(np.int16)


def timed_by(stereo: Samples, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When the samples of a side lie that are no silence, and when they say they do."""
    places = np.flatnonzero(stereo[:, side])
    return places / RATE_HZ, (stereo[places, side] - 1) / 1000


def run_of(
    actions: list[tuple[float, Callable[[TwoSides], None]]], *, step_s: float = STEP_S
) -> Samples:
    """All that comes out when the actions are done at their times, and it is taken step by step."""
    sides, taken, now_s = TwoSides(), [np.zeros((0, 2), dtype=np.int16)], 0.0
    for at_s, act in sorted(actions, key=lambda action: action[0]):
        while now_s + step_s <= at_s:
            now_s += step_s
            taken += sides.take(now_s)
        act(sides)
    taken += sides.rest()
    return np.concatenate(taken)


def heard(talks: Iterable[Talk], rate_hz: int) -> list[tuple[float, Callable[[TwoSides], None]]]:
    """The caller says these."""
    actions: list[tuple[float, Callable[[TwoSides], None]]] = []
    at_s = 0.0
    for talk in talks:
        at_s += talk.rest_s
        for n in range(talk.frames):
            last = min((n // talk.at_once + 1) * talk.at_once, talk.frames)
            came_s = at_s + last * FRAME_S
            samples = stamped(at_s + n * FRAME_S, FRAME_S, rate_hz)
            actions.append((came_s, _hear(samples, rate_hz, came_s)))
        at_s += talk.frames * FRAME_S
    return actions


def _hear(samples: Samples, rate_hz: int, came_s: float) -> Callable[[TwoSides], None]:
    return lambda sides: sides.hear(samples, rate_hz, came_s)


def played(talks: Iterable[Talk]) -> tuple[list[tuple[float, Callable[[TwoSides], None]]], float]:
    """The agent says these, each frame known a moment before it sounds; and for how long."""
    actions: list[tuple[float, Callable[[TwoSides], None]]] = []
    at_s, sounds_s, now_s = 0.0, 0.0, 0.0
    for talk in talks:
        at_s += talk.rest_s
        for _ in range(talk.frames):
            now_s = max(at_s - 0.2, now_s)
            actions.append((now_s, _play(stamped(at_s, FRAME_S, RATE_HZ), at_s)))
            at_s += FRAME_S
        cut_s = min(talk.cut_s, talk.frames * FRAME_S)
        at_s -= cut_s
        if cut_s:
            now_s = max(at_s, now_s)
            actions.append((now_s, _cut(at_s)))
        sounds_s += talk.frames * FRAME_S - cut_s
    return actions, sounds_s


def _play(samples: Samples, at_s: float) -> Callable[[TwoSides], None]:
    return lambda sides: sides.play(samples, RATE_HZ, at_s)


def _cut(at_s: float) -> Callable[[TwoSides], None]:
    return lambda sides: sides.cut(at_s)


@settings(max_examples=60)
@given(caller=talks, agent=talks)
@example(caller=[Talk(11.0, 30), Talk(11.0, 30, at_once=10)], agent=[Talk(25.0, 30)])
def test_every_sample_lies_where_its_time_says(caller: list[Talk], agent: list[Talk]) -> None:
    """Within 20 ms, whatever the pauses, late frames and interruptions; and hardly one is lost."""
    spoken, sounds_s = played(agent)
    stereo = run_of([*heard(caller, RATE_HZ), *spoken])
    for side, lasts_s, joints in (
        (0, sum(talk.frames for talk in caller) * FRAME_S, len(caller)),
        (1, sounds_s, len(agent)),
    ):
        lies_s, says_s = timed_by(stereo, side)
        assert np.all(np.abs(lies_s - says_s) <= WITHIN_S)
        assert lies_s.size / RATE_HZ >= lasts_s - 0.02 * joints - 0.001


@pytest.mark.parametrize("drift", [-0.0005, 0.0005])
def test_a_clock_that_is_wrong_does_not_grow_apart(drift: float) -> None:
    """Half a minute of a caller whose samples come 0.05 % too fast or too slow, 15 ms in all: the
    last is where it came.
    """
    count = 1_500
    actions = [((n + 1) * FRAME_S * (1 + drift), n) for n in range(count)]
    stereo = run_of(
        [(came_s, _hear(marked(n == count - 1), RATE_HZ, came_s)) for came_s, n in actions]
    )
    (places,) = np.nonzero(stereo[:, 0])
    assert places[0] / RATE_HZ == pytest.approx(actions[-1][0] - FRAME_S, abs=WITHIN_S)


def marked(loud: bool) -> Samples:
    return np.full(round(FRAME_S * RATE_HZ), LOUD if loud else 0, dtype=np.int16)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_caller_of_another_rate_is_heard_as_well(rate_hz: int) -> None:
    """Without a gap or a crack where its parts join."""
    tone = np.sin(2 * np.pi * 440 * np.arange(3 * rate_hz) / rate_hz) * LOUD
    frames = np.split(tone.astype(np.int16), 150)
    stereo = run_of(
        [
            ((n + 1) * FRAME_S, _hear(each, rate_hz, (n + 1) * FRAME_S))
            for n, each in enumerate(frames)
        ]
    )
    assert len(stereo) == 3 * RATE_HZ
    expected = np.sin(2 * np.pi * 440 * np.arange(3 * RATE_HZ) / RATE_HZ) * LOUD
    inside = slice(RATE_HZ // 100, -RATE_HZ // 100)  # a tone that begins at once overshoots
    assert np.max(np.abs(stereo[inside, 0] - expected[inside])) < 0.02 * LOUD


def test_what_the_caller_said_while_connecting_keeps_its_place() -> None:
    """Three seconds that come at once, before the first live frame."""
    burst = [
        (3.5, _hear(stamped(0.5 + n * FRAME_S, FRAME_S, RATE_HZ), RATE_HZ, 3.5)) for n in range(150)
    ]
    live = [
        (at_s + FRAME_S, _hear(stamped(at_s, FRAME_S, RATE_HZ), RATE_HZ, at_s + FRAME_S))
        for at_s in (3.5 + n * FRAME_S for n in range(50))
    ]
    spoken, _ = played([Talk(0.2, 100)])
    lies_s, says_s = timed_by(run_of([*spoken, *burst, *live]), 0)
    assert lies_s.size / RATE_HZ == pytest.approx(4.0, abs=0.02)
    assert np.max(np.abs(lies_s - says_s)) <= WITHIN_S


def test_what_is_taken_out_lags_as_little_as_it_must() -> None:
    """Once the caller is heard; until then it lags by more."""
    sides = TwoSides()
    sides.play(np.full(20 * RATE_HZ // 10, LOUD, dtype=np.int16), RATE_HZ, 0.0)
    assert sum(len(block) for block in sides.take(FIRST_LAG_S)) == 0
    for n in range(200):
        sides.hear(marked(True), RATE_HZ, (n + 1) * FRAME_S)
    taken_s = sum(len(block) for block in sides.take(4.0)) / RATE_HZ
    assert 4.0 - LAG_S - 0.06 <= taken_s <= 4.0 - LAG_S


def test_nothing_comes_of_nothing() -> None:
    """A call in which nothing is heard has no sound at all."""
    sides = TwoSides()
    assert [*sides.take(60.0), *sides.rest()] == []
