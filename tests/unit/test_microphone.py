"""The caller's microphone: the times that it writes down are those at which its sound left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from tests.caller.microphone import Microphone
from tests.caller.speech import SAMPLE_RATE_HZ, Clip

STALL_S = 0.3
CLIP = Clip("a tone", np.full(SAMPLE_RATE_HZ // 2, 8000, dtype=np.int16))


@pytest.fixture
async def microphone() -> AsyncIterator[Microphone]:
    """One that sends."""
    microphone = Microphone()
    microphone.start()
    yield microphone
    await microphone.aclose()


async def test_an_utterance_lasts_as_long_as_its_clip(microphone: Microphone) -> None:
    """Where the machine keeps up, to the millisecond."""
    said = await microphone.say(CLIP)
    assert said.last_sample_s - said.first_sample_s == pytest.approx(CLIP.duration_s, abs=0.05)


async def test_a_busy_machine_delays_the_rest_of_what_is_said(microphone: Microphone) -> None:
    """What comes after a stall is heard as much later, and is dated so: the source cannot send
    faster than it plays.
    """
    asyncio.get_running_loop().call_later(CLIP.duration_s / 2, time.sleep, STALL_S)
    said = await microphone.say(CLIP)
    duration_s = said.last_sample_s - said.first_sample_s
    assert duration_s >= CLIP.duration_s + STALL_S - 0.1
    assert microphone.late_frames > 0
