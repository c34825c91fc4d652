"""What the assistant said, cut to what was heard."""

from __future__ import annotations

import pytest

from agent.sandbox.realtime.recording import Speech

SECOND = bytes(48_000)


@pytest.fixture
def speech() -> Speech:
    """Two passages of one second each."""
    speech = Speech()
    for text in ("We are open.", " Shall I book a table for two?"):
        speech.begin(text)
        speech.audio += SECOND
    return speech


@pytest.mark.parametrize(
    ("end_ms", "heard"),
    [
        (2_000, "We are open. Shall I book a table for two?"),
        (1_500, "We are open. Shall I book a"),
        (1_000, "We are open."),
        (600, "We are"),
        (50, ""),
        (0, ""),
    ],
)
def test_words_are_cut_at_their_share_of_the_sound(speech: Speech, end_ms: int, heard: str) -> None:
    """A word counts as heard when it ends within the audio that was played."""
    speech.cut(end_ms)
    assert speech.transcript == heard
    assert speech.duration_ms == end_ms


def test_a_passage_without_sound_is_kept_or_dropped_whole(speech: Speech) -> None:
    """A text that made no sound counts as heard once playback has come to it."""
    speech.begin(" …")
    speech.begin(" Really.")
    speech.audio += SECOND
    speech.cut(2_500)
    assert speech.transcript.startswith("We are open. Shall I book a table for two? …")
    speech.cut(1_000)
    assert speech.transcript == "We are open."
