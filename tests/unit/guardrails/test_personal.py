"""Whose personal data is."""

from __future__ import annotations

from agent.guardrails.personal import Known
from agent.personal import Found


def test_what_the_caller_said_is_theirs() -> None:
    """Also in parts, in words, and where a recogniser misheard a figure."""
    known = Known()
    known.note("It is oh three oh, nine oh")
    known.note("one eight two oh")
    known.note("and anna at example dot org")
    assert known.includes(Found("phone", "030901820", 0))
    assert known.includes(Found("phone", "030901821", 0))
    assert known.includes(Found("email", "anna@example.org", 0))
    assert not known.includes(Found("phone", "4917612345678", 0))
    assert not known.includes(Found("email", "bert@example.org", 0))
