"""Arguments are typed, or refused in words that make the model ask."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.state import CallState
from agent.call.tool import Tool, tool
from agent.errors import ToolError
from agent.tool_calls.arguments import canonical, fit


@tool()
async def book(call: CallState, day: date, name: str, guests: int = 1) -> str:
    """Book a table."""
    return ""


async def _run(call: CallState, given: object) -> str:
    return ""


FOREIGN = Tool(
    name="book",
    description="",
    parameters={
        "type": "object",
        "properties": {"day": {"type": "string", "format": "date"}, "guests": {"type": "integer"}},
        "required": ["day", "name"],
        "additionalProperties": False,
    },
    run=_run,
)


def test_arguments_are_typed() -> None:
    """What the model writes as text arrives as the function declares it, defaults included."""
    fitting = fit(book, {"day": "2026-03-03", "name": " Anna "})
    assert fitting.values == {"day": date(2026, 3, 3), "name": "Anna", "guests": 1}


def test_what_is_missing_is_asked_for() -> None:
    """Every missing argument is named, with what to do about it."""
    with pytest.raises(ToolError, match="`day` is missing: ask the caller for it") as refusal:
        fit(book, {})
    assert "`name` is missing" in str(refusal.value)


def test_what_does_not_fit_is_told_without_its_value() -> None:
    """The refusal tells what is wrong, and does not repeat what was said."""
    with pytest.raises(ToolError, match="`day` does not fit") as refusal:
        fit(book, {"day": "my birthday", "name": "Anna"})
    assert "birthday" not in str(refusal.value)


def test_invented_arguments_are_refused() -> None:
    """A model cannot add a confirmation of its own."""
    with pytest.raises(ToolError, match="`confirmed` is no argument"):
        fit(book, {"day": "2026-03-03", "name": "Anna", "confirmed": True})


def test_null_stands_for_left_out() -> None:
    """Models that must name every argument write null for those they leave out."""
    assert fit(book, {"day": "2026-03-03", "name": "Anna", "guests": None}).values["guests"] == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "`day` is missing: ask the caller for it. `name` is missing: ask the caller for it."),
        ({"day": "x", "name": "Anna", "guests": "two"}, "`guests` does not fit"),
        ({"day": "soon", "name": "Anna"}, "`day` does not fit"),
        ({"day": "2026-03-03", "name": "Anna", "yes": 1}, "does not take"),
    ],
)
def test_tools_with_a_schema_only_are_checked_by_it(given: dict[str, object], told: str) -> None:
    """A tool of which only the JSON schema is known refuses in the same words, each once."""
    with pytest.raises(ToolError) as refusal:
        fit(FOREIGN, given)
    assert told in str(refusal.value)
    assert str(refusal.value).count("`day` is missing") <= 1


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(), max_size=4))
def test_the_same_call_is_known_again(values: dict[str, object]) -> None:
    """Order, case and spaces make no other call of it."""
    turned = dict(reversed(list(values.items())))
    assert canonical(values) == canonical(turned)
    assert canonical({"name": "Anna  Lee"}) == canonical({"name": "anna lee"})
