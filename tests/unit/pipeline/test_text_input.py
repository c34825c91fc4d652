"""Typed text becomes a turn, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipeline.text_input import MAX_CHARACTERS, readable


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (" What time is it? ", "What time is it?"),
        ("one\r\ntwo\tthree", "one  two three"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("\u202eevil\u202c\u2066", "evil"),
        ("안녕하세요 👋", "안녕하세요 👋"),
        ("\x07\u200e", ""),
        ("x" * 1_000_000, "x" * MAX_CHARACTERS),
    ],
)
def test_only_what_can_be_seen_is_taken(typed: str, taken: str) -> None:
    """Control and direction characters go, letters of any script stay, and there is an end."""
    assert readable(typed) == taken


@given(st.text())
def test_any_text_is_bounded(typed: str) -> None:
    """No text, however odd, grows or fails."""
    assert len(readable(typed)) <= min(len(typed), MAX_CHARACTERS)
