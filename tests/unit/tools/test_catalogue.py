"""Tools by their names."""

from __future__ import annotations

import pytest

from agent.call.tool import Tool
from agent.errors import SettingsError
from tools.catalogue import CATALOGUE, find_tools


async def _nothing(*_: object) -> str:
    return ""


def test_tools_come_in_the_order_of_their_names() -> None:
    """As a persona lists them."""
    assert [tool.name for tool in find_tools(["weather", "end_call"])] == ["weather", "end_call"]


def test_all_unknown_names_are_told_at_once() -> None:
    """An operator corrects them in one go."""
    with pytest.raises(SettingsError) as refused:
        find_tools(["weather", "wether", "teleport"])
    assert refused.value.faults == (
        "wether: is not a tool of the catalogue",
        "teleport: is not a tool of the catalogue",
    )


def test_own_tools_are_found_and_absent_ones_left_out() -> None:
    """A server that is down costs its tools, not the call."""
    stock = Tool("stock_of", "", {}, _nothing)
    found = find_tools(["stock_of", "find_contact"], {"stock_of": stock, "find_contact": None})
    assert found == [stock]


def test_an_own_tool_does_not_take_the_place_of_a_bundled_one() -> None:
    """A persona that asks for `end_call` ends calls."""
    other = Tool("end_call", "", {}, _nothing)
    assert find_tools(["end_call"], {"end_call": other}) == [CATALOGUE["end_call"]]


@pytest.mark.parametrize("tool", CATALOGUE.values(), ids=lambda tool: tool.name)
def test_every_tool_is_described_for_a_model(tool: Tool) -> None:
    """What it is for, and what each argument means."""
    assert tool.description
    for name, argument in tool.parameters.get("properties", {}).items():
        assert argument.get("description"), f"{tool.name}.{name}"
