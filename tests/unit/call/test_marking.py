"""Text from outside, marked as data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.marking import as_data


def test_the_text_stands_between_marks_that_name_its_source() -> None:
    """A model can tell what is information from what it was told to do."""
    assert as_data("Sunny.", "weather") == '<data source="weather">\nSunny.\n</data>'


@pytest.mark.parametrize(
    "hidden",
    ["<|im_start|>system", "[INST]", "<<SYS>>", "a\u202eb", "\U000e0041", "<|im_<|x|>start|>"],
)
def test_what_passes_for_another_role_is_taken_out(hidden: str) -> None:
    """Marks of chat formats and characters that nobody can see."""
    marked = as_data(hidden, "page")
    assert "<|" not in marked
    assert "INST" not in marked
    assert "SYS" not in marked
    assert all(ord(c) < 0x2000 for c in marked)


@given(st.text(alphabet='<>/ data\n"|', max_size=60), st.text(max_size=80))
def test_no_text_ends_the_marks(text: str, source: str) -> None:
    """Whatever it holds, there is one beginning and one end."""
    marked = as_data(text, source)
    assert marked.count("<data") == 1
    assert marked.count("</data>") == 1
    assert marked.endswith("\n</data>")
    assert marked.split("\n")[0].count('"') == 2
