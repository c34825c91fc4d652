"""One detector, and those who listen to it."""

from __future__ import annotations

import numpy as np
from livekit import rtc
from livekit.agents import vad

from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.turns import load_vad
from tests.fakes.detector import ScriptedVAD, Windows


async def test_a_listener_hears_each_event_before_the_session_does() -> None:
    """So what it does about it is under way when the session acts."""
    detector = ScriptedVAD()
    shared = SharedVAD(detector)
    heard: list[vad.VADEvent] = []
    stop = shared.listen(heard.append)
    stream = shared.stream()
    for event in Windows().next(voiced=True):
        detector.events.put_nowait(event)
        assert await anext(stream) is heard[-1]
    stop()
    detector.events.put_nowait(heard[0])
    await anext(stream)
    assert len(heard) == 1
    await stream.aclose()


async def test_it_is_the_real_detector_to_the_session() -> None:
    """Audio goes in, events come out, and its silence is long enough for the turn detector."""
    shared = SharedVAD(load_vad())
    assert shared.min_silence_duration == 0.25
    assert shared.model == "silero"
    stream = shared.stream()
    silence = np.zeros(1600, dtype=np.int16)
    stream.push_frame(rtc.AudioFrame(silence.tobytes(), 16_000, 1, silence.size))
    event = await anext(stream)
    assert event.type is vad.VADEventType.INFERENCE_DONE
    assert not event.speaking
    stream.end_input()
    await stream.aclose()
