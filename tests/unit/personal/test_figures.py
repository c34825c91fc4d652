"""Numbers that are spelled out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.personal import read, with_figures


@pytest.mark.parametrize(
    ("spoken", "figures"),
    [
        ("five, five, five, one two", "55512"),
        ("double oh seven, triple four", "007444"),
        ("null eins sieben sechs", "0176"),
        ("5 5 5 1", "5551"),
        ("forty-two forty two, zwölf einundvierzig", "42421241"),
        ("zéro six douze trente-quatre quatre-vingt-dix-huit", "06123498"),
    ],
)
def test_a_number_that_is_spelled_out_is_figures(spoken: str, figures: str) -> None:
    """In several languages, and with repeated figures."""
    assert with_figures(f"Call {spoken}") == f"Call {figures} "


def test_a_few_figures_are_words() -> None:
    """Most texts with a number in them stay as they are."""
    assert with_figures("one or two of three") == "one or two of three"


def test_each_figure_knows_its_words() -> None:
    """So that what was said can be taken out of the text, and nothing else."""
    text = "It is oh three, double one, four. Thanks."
    reading = read(text)
    start = reading.text.index("03114")
    begin, end = reading.source(start, start + 5)
    assert text[begin:end] == "oh three, double one, four"
    begin, end = reading.source(start + 2, start + 4)
    assert text[begin:end] == "double one"


@given(st.lists(st.sampled_from(["one", "double", "4", "forty two", "hello", ".", ", ", "7"])))
def test_places_are_in_order(words: list[str]) -> None:
    """Whatever is read, each part of it comes from a part of the text."""
    text = " ".join(words)
    reading = read(text)
    ends = [reading.source(at, at + 1) for at in range(len(reading.text))]
    assert all(0 <= begin <= end <= len(text) for begin, end in ends)
    assert ends == sorted(ends)
