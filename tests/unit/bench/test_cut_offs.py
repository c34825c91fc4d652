"""How a bench counts callers who are cut off, and how soon turns end."""

from __future__ import annotations

import itertools
from statistics import fmean

import pytest

from scripts.bench.listening import Spoken
from scripts.bench.pauses import SCORES, Judged, at_budget, frontier
from scripts.bench.turn_ends import Outcome, point

PERFECT = [
    *(Judged((0.1,), breaks_off=True, pause_s=pause_s) for pause_s in (0.3, 0.6, 0.9, 1.2)),
    *(Judged((0.9,), breaks_off=False, pause_s=None) for _ in range(4)),
]
ONE_LOOK, SILENCE = SCORES["model, one look"], SCORES["silence alone"]


def test_a_model_that_is_always_right_cuts_nobody_off_at_once() -> None:
    """Its ends wait for the action delay only, its pauses for the timeout."""
    assert at_budget(frontier(PERFECT, ONE_LOOK), 0.3) == 0.0


def test_silence_alone_pays_for_each_pause_that_it_waits_out() -> None:
    """A pause is cut off when it is longer than the silence waited for."""
    policies = frontier(PERFECT, SILENCE)
    assert at_budget(policies, 0.3) == pytest.approx(0.75)
    assert at_budget(policies, 0.6) == pytest.approx(0.5)
    assert at_budget(policies, 0.1) is None


def test_words_that_break_off_keep_a_turn_open_whatever_it_sounds_like() -> None:
    """As in the calls: the sound is not asked then."""
    flat = [Judged((0.9,), one.breaks_off, one.pause_s) for one in PERFECT]
    assert at_budget(frontier(flat, ONE_LOOK), 0.3) == pytest.approx(0.75)
    assert at_budget(frontier(flat, SCORES["model, four looks, and words"]), 0.3) == 0.0


def test_the_frontier_holds_no_policy_that_another_beats() -> None:
    """Slower is worth it only with fewer cut-offs."""
    policies = frontier(PERFECT, SILENCE)
    assert all(
        after.mean_latency_s > before.mean_latency_s and after.cut_off_share < before.cut_off_share
        for before, after in itertools.pairwise(policies)
    )


@pytest.mark.parametrize(
    ("turns_ended_s", "is_cut_off", "latency_s"),
    [((3.4,), False, 0.4), ((1.5, 3.5), True, 0.5), ((1.5,), True, None), ((), False, None)],
)
def test_a_turn_that_ends_before_the_last_word_cut_the_caller_off(
    turns_ended_s: tuple[float, ...], is_cut_off: bool, latency_s: float | None
) -> None:
    """The latency is that of the true end, cut off or not."""
    spoken = Spoken((1.0, 3.0), turns_ended_s, answered_s=())
    assert spoken.is_cut_off is is_cut_off
    assert spoken.latency_s == (None if latency_s is None else pytest.approx(latency_s))


def test_an_end_that_was_never_noticed_counts_as_the_longest_wait() -> None:
    """Whoever is not answered must not make the figures better."""
    outcomes = [
        Outcome("", "", 0.5, is_cut_off=False, latency_s=0.4, answer_s=0.9),
        Outcome("", "", 0.5, is_cut_off=True, latency_s=None, answer_s=None),
    ]
    where = point(outcomes)
    assert where.cut_off_share == 0.5
    assert where.mean_latency_s == pytest.approx(fmean((0.4, 6.0)))
