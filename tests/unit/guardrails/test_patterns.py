"""Expressions of the operator's, searched in what callers and models say."""

from __future__ import annotations

import logging

import pytest

from agent.guardrails.patterns import Patterns

ENDLESS = r"(a+)+c"
TEXT = "a" * 400


def test_an_endless_expression_is_dropped_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log names the one that was dropped, once."""
    patterns = Patterns([ENDLESS, "forbidden"])
    with caplog.at_level(logging.WARNING):
        assert not patterns.match(TEXT)
        assert patterns.match(f"{TEXT} forbidden")
    assert [record.__dict__["pattern"] for record in caplog.records] == [ENDLESS]
