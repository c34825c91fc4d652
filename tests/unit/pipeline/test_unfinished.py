"""Transcripts that break off in the middle of a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipeline.unfinished import OPEN_ENDINGS, is_unfinished


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I would like to"),
        ("en", "I would like to."),
        ("en", "And then the..."),
        ("en", "..."),
        ("en", "Can you tell me the?"),
        ("en", "My order number is"),
        ("en", "The problem is."),
        ("en", "I want a table for"),
        ("en-GB", "So yesterday I"),
        ("en", "Well, let me see,"),
        ("en", "We need, um"),
        ("en", "What I really wanted to know is"),
        ("en", "The reason that I am asking is that."),
        ("en", "It would be great if you could"),
        ("en", "I want to cancel the appointment that"),
        ("en", "I think it would be"),
        ("de", "Ich brauche einen Termin für"),
        ("de", "Meine Nummer ist"),
        ("fr", "Je voudrais parler à"),
        ("es", "Quiero una mesa para"),
        ("it", "Vorrei un tavolo per"),
        ("nl", "Ik wil graag een"),
        ("pt", "Quero falar com"),
    ],
)
def test_a_sentence_that_breaks_off_is_not_finished(language: str, text: str) -> None:
    """Whatever mark the recogniser set at its end."""
    assert is_unfinished(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Yes, please."),
        ("en", "Where are you from?"),
        ("en", "Who should I talk to?"),
        ("en", "I cannot log in."),
        ("en", "Please turn it on."),
        ("en", "Yes, it is."),
        ("en", "That is what the matter is about."),
        ("en", "I would like to book a table for two people."),
        ("en", "four one seven"),
        ("en", "Tell me what it is."),
        ("en", "I don't know where they are."),
        ("en", "As soon as you can."),
        ("en", "I'd like a bit of that."),
        ("en", "What is the price of that?"),
        ("en", "That is all I have."),
        ("en", ""),
        ("de", "Wo sind Sie?"),
        ("ja", "私は"),
    ],
)
def test_a_whole_sentence_is_finished(language: str, text: str) -> None:
    """A question may end in a preposition; an unknown language is left to the audio."""
    assert not is_unfinished(text, language)


@given(st.text(max_size=60), st.sampled_from([*OPEN_ENDINGS, "xx", ""]))
def test_any_transcript_can_be_judged(text: str, language: str) -> None:
    """Recognisers write anything."""
    assert is_unfinished(text, language) in (True, False)
