"""A booking whose provider goes away between the call and its result."""

from __future__ import annotations

from tests.integration.conftest import Line
from tests.integration.test_tools import ANNA, BOOKED, asked_to_book, until


async def test_a_booking_survives_the_providers_connection(line: Line, pipeline: str) -> None:
    """Every connection is cut while the booking is being written: it is booked once, and the caller
    is told.
    """
    options = {"pipeline": pipeline, "persona": "appointments"}
    async with line.caller.call(options) as call:
        await asked_to_book(call)
        with line.records.slow_bookings():
            await call.type("Yes, please.")
            await until(lambda: line.records.effects() == 1)
            line.cable.cut()
            await call.wait_for_caption("agent", BOOKED, 30.0)
        assert line.records.appointments() == ANNA
