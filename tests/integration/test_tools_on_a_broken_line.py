"""A booking whose provider goes away between the call and its result."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.caller.driver import Caller
from tests.caller.records import Records
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker
from tests.integration.realtime_link.cable import Cable
from tests.integration.test_tools import ANNA, BOOKED, asked_to_book, until


async def test_a_booking_survives_the_providers_connection(
    tmp_path: Path, livekit_server: LiveKitServer, provider: SandboxProvider, pipeline: str
) -> None:
    """Every connection is cut while the booking is being written: it is booked once, and the caller
    is told.
    """
    records = Records(tmp_path / "cable-worker.sqlite3")
    async with Cable(provider.port) as cable:
        env = {
            **livekit_server.env,
            **provider.env,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{cable.port}/v1",
            "LIVEKIT_AGENT_NAME": "on-a-cable",
            "PARLEY_OPENING_HOURS": "mon-sun 09:00-18:00",
        }
        worker = Worker(tmp_path, env, name="cable-worker")
        await asyncio.to_thread(worker.start)
        try:
            await asyncio.to_thread(worker.wait_until_registered)
            caller = Caller(livekit_server.url, [worker, provider], "on-a-cable")
            options = {"pipeline": pipeline, "persona": "appointments"}
            async with caller.call(options) as call:
                await asked_to_book(call)
                with records.slow_bookings():
                    await call.say("Yes, please.")
                    await until(lambda: records.effects() == 1)
                    cable.cut()
                    await call.wait_for_caption("agent", BOOKED, 30.0)
                assert records.appointments() == ANNA
        finally:
            await asyncio.to_thread(worker.stop)
