"""The tools there are, by the name under which a persona asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from livekit.agents import llm

from agent.errors import SettingsError
from tools.call_control import end_call
from tools.world_clock import time_in_place

CATALOGUE: Mapping[str, llm.Tool] = {
    "end_call": end_call,
    "time_in_place": time_in_place,
}


def find_tools(names: Iterable[str]) -> list[llm.Tool]:
    """The tools of these names, in their order.

    Raises:
        SettingsError: naming every one that is not in the catalogue.
    """
    names = list(names)
    if unknown := [name for name in names if name not in CATALOGUE]:
        raise SettingsError([f"{name}: is not a tool of the catalogue" for name in unknown])
    return [CATALOGUE[name] for name in names]
