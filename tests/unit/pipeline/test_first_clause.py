"""Where the first words of a reply are split off."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipeline.first_clause import FirstClauseTokenizer, first_clause_end


@pytest.mark.parametrize(
    ("language", "text", "clause"),
    [
        (
            "en",
            "We are open until nine in the evening, and on Sundays",
            "until nine in the evening,",
        ),
        ("en", "Of course, I can help you with that, Peter", "I can help you with that,"),
        ("en", "Good morning. How can I", "Good morning."),
        ("en", "The total comes to 3.5 million dollars in all. That", "dollars in all."),
        ("en", "We have sold 1,000 of them this year. That", "this year."),
        ("en", "You will see Dr. Smith on Monday. Please", "on Monday."),
        ("en", "Ask for J. R. Miller at the desk. He", "at the desk."),
        ("en", "We open at 9 a.m. and close at noon. On", "close at noon."),
        ("en", "Your appointment is on March 3, 2025 at noon. Please", "at noon."),
        ("en", 'He said "We are closed today." Then he', 'closed today."'),
        ("en", "Really? I did not expect that at all! So", "expect that at all!"),
        ("de", "Der Termin ist am 3. Mai um zehn Uhr. Bitte", "um zehn Uhr."),
        ("de", "Das kostet ca. drei Euro pro Stück. Bitte", "pro Stück."),
        ("es", "¿En qué le puedo ayudar hoy? Puedo", "ayudar hoy?"),
        ("fr", "Je vous passe M. Dupont tout de suite. Merci", "tout de suite."),
        ("zh", "我们每天早上九点开门，晚上", "我们每天早上九点开门，"),
        ("ar", "نحن نفتح أبوابنا في التاسعة صباحا، ثم", "صباحا،"),
        ("hi", "हम सुबह नौ बजे खुलते हैं। फिर", "खुलते हैं।"),
    ],
)
def test_the_first_clause_ends_at_a_mark_that_divides(
    language: str, text: str, clause: str
) -> None:
    """Not within a number, a date, a name or an abbreviation, and not after a word or two."""
    end = first_clause_end(text, language)
    assert end is not None
    assert text[:end].endswith(clause)


@pytest.mark.parametrize(
    "text", ["Yes, we", "The price is 3.", "You will see Dr.", "We have many rooms and", ""]
)
def test_nothing_is_split_off_while_the_clause_may_go_on(text: str) -> None:
    """A mark at the end of what came so far decides nothing."""
    assert first_clause_end(text) is None


async def spoken(pieces: list[str], language: str = "en") -> list[str]:
    stream = FirstClauseTokenizer(language).stream()
    for piece in pieces:
        stream.push_text(piece)
    stream.end_input()
    async with asyncio.timeout(2):
        return [token.token async for token in stream]


async def test_the_first_clause_comes_before_its_sentence_is_complete() -> None:
    """It can be spoken while the model still writes the rest."""
    stream = FirstClauseTokenizer("en").stream()
    stream.push_text("Let me look that up for you now, ")
    stream.push_text("it ")
    async with asyncio.timeout(2):
        assert (await anext(stream)).token == "Let me look that up for you now,"
    stream.push_text("will take a moment. Then we go on.")
    stream.end_input()
    async with asyncio.timeout(2):
        rest = [token.token.strip() async for token in stream]
    assert " ".join(rest) == "it will take a moment. Then we go on."


async def test_a_reply_of_one_clause_is_spoken_at_its_end() -> None:
    """Nothing is lost when no mark comes."""
    assert await spoken(["We are ", "open"]) == ["We are open"]


@given(
    text=st.text(alphabet="ab A1,.!?;:—，。 \"'\n", max_size=120),
    cuts=st.lists(st.integers(0, 120), max_size=5),
    language=st.sampled_from(["en", "de", "zh", "xx"]),
)
def test_no_word_is_lost_or_doubled(text: str, cuts: list[int], language: str) -> None:
    """However the model cuts its text, the same characters are spoken in the same order."""
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(bounds)]
    said = "".join(asyncio.run(spoken(pieces, language)))
    assert "".join(said.split()) == "".join(text.split())


async def test_a_piece_that_ends_with_a_line_break_is_not_held_back() -> None:
    """Who hands over whole sentences has each spoken before the next one is written."""
    stream = FirstClauseTokenizer("en").stream()
    for sentence in ("We are open today.\n", "Come in.\n", "It is warm inside, too.\n"):
        stream.push_text(sentence)
        async with asyncio.timeout(2):
            assert (await anext(stream)).token.strip() == sentence.strip()
    await stream.aclose()
