"""Text as a reader takes it."""

from __future__ import annotations

import pytest

from agent.guardrails.phrases import Phrases
from agent.guardrails.plain import plain, words_of


@pytest.mark.parametrize(
    "written",
    ["Secret", "sеcrеt", "s\u200be\u00adcret", "ＳＥＣＲＥＴ", "sécrèt", "s3cr3t"],
)
def test_what_looks_the_same_is_the_same(written: str) -> None:
    """Lookalikes of other alphabets, invisible characters, accents, figures for letters."""
    assert words_of(written) == ["secret"]


@pytest.mark.parametrize("written", ["s e c r e t", "s.e.c.r.e.t.", "S-E-C-R-E-T"])
def test_a_word_that_is_spelled_out_is_the_word(written: str) -> None:
    """Letters in a row are one word, too."""
    assert "secret" in words_of(written)


def test_numbers_stay_numbers() -> None:
    """Figures stand for letters only among letters."""
    assert words_of("order 40217") == ["order", "40217"]
    assert plain("Order 40217") == "order 40217"


def test_phrases_are_found_whatever_stands_between_their_words() -> None:
    """Whole words only, except where a phrase is open."""
    phrases = Phrases(["stock tip", "gambl*", "insider deal*"])
    assert phrases.found_in(words_of("A stock-tip!"))
    assert phrases.found_in(words_of("He was gambling."))
    assert phrases.found_in(words_of("An insider  dealing."))
    assert not phrases.found_in(words_of("In stock. Tips are welcome. An insider."))
