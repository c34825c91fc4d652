"""The agent's own voice, heard back, is told from the caller's words."""

from __future__ import annotations

import pytest

from agent.pipeline.echo_guard import SpokenWords

SENTENCE = "We are open from nine until five on weekdays and from ten until two on Saturdays"


@pytest.fixture
def spoken() -> SpokenWords:
    """SENTENCE, a word each 0.3 s from second 100 on."""
    spoken = SpokenWords()
    for index, word in enumerate(SENTENCE.split()):
        spoken.note(f"{word} ", 100.0 + 0.3 * index)
    return spoken


@pytest.mark.parametrize("text", ["open from nine", "until five on week days", "Nine."])
def test_what_the_agent_was_saying_is_an_echo(spoken: SpokenWords, text: str) -> None:
    """Also when a word of it was misheard."""
    assert spoken.is_echo(text, 101.0, 101.5)


@pytest.mark.parametrize("text", ["What about Sundays?", "stop", "open the door please", ""])
def test_other_words_are_the_callers(spoken: SpokenWords, text: str) -> None:
    """A word in common does not make an echo."""
    assert not spoken.is_echo(text, 101.0, 101.5)


def test_the_agents_words_said_later_are_the_callers(spoken: SpokenWords) -> None:
    """A caller may repeat what the agent said a while ago."""
    assert not spoken.is_echo("open from nine", 110.0, 111.0)


def test_words_are_forgotten(spoken: SpokenWords) -> None:
    """Memory does not grow with the call."""
    spoken.note("later", 1000.0)
    assert spoken.between(0.0, 2000.0) == "later"
