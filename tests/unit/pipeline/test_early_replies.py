"""When a reply is asked for before the turn is over, as the detector's windows show the caller."""

from __future__ import annotations

import pytest
from livekit.agents import AgentSession

from agent.pipeline.early_replies import PAUSE_S, EarlyReplies
from agent.pipeline.overlap import Floor
from agent.pipeline.shared_vad import SharedVAD
from tests.fakes.detector import WINDOW_S, ScriptedVAD, Windows


class FakeFloor(Floor):
    """Notes what is done, in the order of the windows: "speech", or "ask"."""

    decides_by_audio = True
    is_free = True
    least_silence_s = 0.25

    def __init__(self) -> None:
        super().__init__(AgentSession())
        self.done: list[str] = []
        self.window = 0
        self.asked_at: list[int] = []

    def speech_began(self) -> None:
        """See Floor."""
        if self.done[-1:] != ["speech"]:
            self.done.append("speech")

    def reply_early(self) -> None:
        """See Floor."""
        self.done.append("ask")
        self.asked_at.append(self.window)


async def hear(pattern: str, floor: FakeFloor, *, are_answered: bool = True) -> FakeFloor:
    """Let windows pass: "s" of speech, "." of silence."""
    detector, windows = ScriptedVAD(), Windows()
    shared = SharedVAD(detector)
    EarlyReplies(shared, floor, are_answered=lambda: are_answered)
    stream = shared.stream()
    for index, window in enumerate(pattern):
        floor.window = index
        for event in windows.next(voiced=window == "s"):
            detector.events.put_nowait(event)
            await anext(stream)
    await stream.aclose()
    return floor


async def test_it_asks_once_in_each_pause() -> None:
    """At the third silent window, and again when the caller has gone on."""
    floor = await hear("sssss....ssss.........", FakeFloor())
    assert floor.done == ["speech", "ask", "speech", "ask"]
    assert floor.asked_at == [7, 15]
    assert pytest.approx(3 * WINDOW_S) == PAUSE_S


async def test_shorter_silence_is_no_pause() -> None:
    """Two windows are the stop before a plosive."""
    assert (await hear("sssss..sssss..sss", FakeFloor())).done == ["speech"]


async def test_a_single_loud_window_in_a_pause_changes_nothing() -> None:
    """It is no word; what was asked for stands."""
    assert (await hear("sssss....s....", FakeFloor())).done == ["speech", "ask"]


async def test_where_turns_take_long_it_asks_later() -> None:
    """No sooner than a provider needs before the turn can be over."""
    floor = FakeFloor()
    floor.least_silence_s = 1.5
    await hear("sssss" + 20 * "." + "sss" + 40 * ".", floor)
    assert floor.done == ["speech", "ask"]
    assert floor.asked_at == [28 + 35]


@pytest.mark.parametrize("reason", ["busy", "gate", "provider"])
async def test_it_does_not_ask_where_no_reply_is_due(reason: str) -> None:
    """While the agent speaks, another takes the turns, or the provider decides when they end."""
    floor = FakeFloor()
    floor.is_free = reason != "busy"
    floor.decides_by_audio = reason != "provider"
    await hear("sssss......", floor, are_answered=reason != "gate")
    assert "ask" not in floor.done
