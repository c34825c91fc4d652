"""What the end-of-turn model makes of a pause that it looks at more than once."""

from __future__ import annotations

import pytest

from agent.pipeline.repeated_looks import Looks

THRESHOLD = 0.36


def looks_at(*probabilities: float) -> Looks:
    looks = Looks(THRESHOLD)
    for probability in probabilities:
        looks.add(probability)
    return looks


@pytest.mark.parametrize(
    ("probabilities", "is_over"),
    [
        ([0.5], True),
        ([0.38], False),
        ([0.3, 0.45], True),
        ([0.3, 0.3, 0.42], True),
        ([0.1, 0.2, 0.3, 0.3], False),
        ([0.37, 0.2, 0.2, 0.3], False),
    ],
)
def test_a_clear_case_needs_one_look_and_a_doubtful_one_the_mean_of_all(
    probabilities: list[float], is_over: bool
) -> None:
    """A single look is a matter of chance, so the first must be surer than the mean of four."""
    assert looks_at(*probabilities).sounds_over() is is_over


def test_words_that_make_a_whole_sentence_need_less_of_the_sound() -> None:
    """Flat voices sound unfinished to the model; what it finds very unlikely stays so."""
    assert looks_at(0.3).sounds_over(whole_sentence=True)
    assert not looks_at(0.1).sounds_over(whole_sentence=True)


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.36, 0.9])
def test_the_session_reads_the_decision_from_the_probability(probability: float) -> None:
    """It compares with the threshold, whatever decided."""
    looks = looks_at(probability)
    assert looks.probability(is_over=True) >= THRESHOLD
    assert looks.probability(is_over=False) < THRESHOLD


def test_a_language_that_the_model_does_not_know_is_left_to_the_silence() -> None:
    """There is no threshold to doubt by."""
    looks = Looks(None)
    looks.add(0.0)
    assert looks.sounds_over()
    assert looks.probability(is_over=True) == 0.0
