"""The tools there are, by the name under which a persona asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.call.tool import Tool
from agent.errors import SettingsError
from tools import (
    appointments,
    call_control,
    knowledge,
    messages,
    opening_hours,
    orders,
    weather,
    world_clock,
)

_TOOLS = (
    appointments.book_appointment,
    appointments.cancel_appointment,
    appointments.find_free_slots,
    appointments.list_appointments,
    appointments.move_appointment,
    call_control.end_call,
    call_control.hold,
    call_control.repeat_last,
    call_control.send_dtmf,
    call_control.speak_faster,
    call_control.speak_slower,
    call_control.stop_recording,
    call_control.switch_language,
    call_control.transfer_call,
    knowledge.search_knowledge,
    messages.take_message,
    opening_hours.opening_hours,
    orders.find_order,
    orders.verify_caller,
    weather.weather,
    world_clock.time_in_place,
    world_clock.today,
)
"""A new tool is one more line."""

CATALOGUE: Mapping[str, Tool] = {tool.name: tool for tool in _TOOLS}


def find_tools(names: Iterable[str], own: Mapping[str, Tool | None] | None = None) -> list[Tool]:
    """The tools of these names, in their order.

    Args:
        names: As a persona has them.
        own: The operator's tools by name; None for one that cannot be had now, which is left out.

    Raises:
        SettingsError: naming every one that there is not.
    """
    known: Mapping[str, Tool | None] = {**(own or {}), **CATALOGUE}
    names = list(names)
    if unknown := [name for name in names if name not in known]:
        raise SettingsError([f"{name}: is not a tool of the catalogue" for name in unknown])
    found = (known[name] for name in names)
    return [tool for tool in found if tool is not None]
