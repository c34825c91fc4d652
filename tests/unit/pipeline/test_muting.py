"""A caller who does not want to be heard for a while."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit import rtc

from agent.pipeline.caller_audio import CallerAudio
from agent.pipeline.muting import Muting


class FakeInput:
    """The input of a session."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.detached = asyncio.Event()

    def set_audio_enabled(self, enable: bool) -> None:
        self.told.append(enable)
        if not enable:
            self.detached.set()


class FakeSession:
    """As much of a session as muting needs."""

    def __init__(self) -> None:
        self.input = FakeInput()


def frame() -> rtc.AudioFrame:
    return rtc.AudioFrame(b"\x01\x02" * 160, 16_000, 1, 160)


def is_silent(passed: rtc.AudioFrame) -> bool:
    return not any(passed.data.cast("B"))


async def test_nobody_hears_a_muted_caller() -> None:
    """At first they are silent, so that a turn can end; then nothing is heard, or paid for."""
    recorded: list[rtc.AudioFrame] = []
    audio, session = CallerAudio([]), FakeSession()
    audio.listener = recorded.append
    as_session: Any = session
    mute = Muting(audio, as_session, silence_first_s=0.02)
    assert not is_silent(audio._process(frame()))
    mute.set(True)
    assert is_silent(audio._process(frame()))
    assert is_silent(recorded[-1])
    assert session.input.told == []
    await asyncio.wait_for(session.input.detached.wait(), 2.0)
    mute.set(False)
    assert session.input.told == [False, True]
    assert not is_silent(audio._process(frame()))


async def test_who_is_heard_again_at_once_was_never_cut_off() -> None:
    """Repeating it is harmless."""
    audio, session = CallerAudio([]), FakeSession()
    as_session: Any = session
    mute = Muting(audio, as_session)
    for muted in (True, True, False, False):
        mute.set(muted)
    assert not mute.muted
    assert session.input.told == [True]
