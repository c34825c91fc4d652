"""Which words only show that somebody listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.pipeline.backchannels import load_backchannels

BUNDLED = ("de", "en", "es", "fr", "it", "nl", "pt")


@pytest.mark.parametrize(
    "text",
    ["Mm-hmm.", "mhm", "Uh-huh!", "Yeah.", "yeah, yeah, okay", "Okay. Right.", "Mmmmm", "I see."],
)
def test_listening_is_no_turn(text: str) -> None:
    """However a recogniser spells it, and said twice or three times too."""
    assert text in load_backchannels("en", None)


@pytest.mark.parametrize(
    "text", ["Stop.", "No.", "Wait", "yeah but what about Sunday", "okay okay okay okay okay", ""]
)
def test_wanting_to_speak_is_a_turn(text: str) -> None:
    """One word more than listening needs is enough."""
    assert text not in load_backchannels("en", None)


@pytest.mark.parametrize("language", BUNDLED)
def test_languages_have_lists(language: str) -> None:
    """Each bundled list is readable and has something to recognise in any region's tag."""
    assert len(load_backchannels(f"{language}-XX", None)) > 20


def test_a_language_without_a_list_has_no_backchannels() -> None:
    """Every word is then a turn."""
    assert len(load_backchannels("xx", None)) == 0


def test_a_folder_replaces_the_list_of_its_languages(tmp_path: Path) -> None:
    """The operator's list counts alone; other languages keep the bundled ones."""
    (tmp_path / "en.txt").write_text("# ours\nrighty-ho  # said here\n")
    own = load_backchannels("en-GB", tmp_path)
    assert "Righty ho!" in own
    assert "yeah" not in own
    assert "ja genau" in load_backchannels("de", tmp_path)
