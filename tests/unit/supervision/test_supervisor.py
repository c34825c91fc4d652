"""What is done about trouble, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

import pytest

from agent.supervision.ladder import Step
from agent.supervision.supervisor import MOST_BRIDGES, TICK_S, Supervisor
from agent.supervision.watch import Limits, Trouble, Watch
from tests.fakes.remedies import NotedRemedies

LIMITS = Limits()


@dataclass
class Scene:
    """A call under supervision: the test moves the clock and says what sounds."""

    now_s: float = 0.0
    heard_until_s: float = -math.inf
    in_reply: bool = False
    remedies: NotedRemedies = field(default_factory=NotedRemedies)

    def __post_init__(self) -> None:
        self.watch = Watch(LIMITS, 0.0)
        self.supervisor = Supervisor(
            self.watch,
            self.remedies,
            LIMITS,
            heard_until_s=lambda: self.heard_until_s,
            in_reply=lambda: self.in_reply,
            longest_turn_end_s=lambda: 1.2,
            clock=lambda: self.now_s,
        )

    async def until(self, moment_s: float) -> list[str]:
        """Let time go by, tick by tick; returns what was done meanwhile."""
        before = len(self.remedies.done)
        while self.now_s < moment_s - TICK_S / 2:
            self.now_s = round(self.now_s + TICK_S, 3)
            self.supervisor.tick()
            for _ in range(3):  # what it began gets its turns
                await asyncio.sleep(0)
        return self.remedies.done[before:]

    def ask(self) -> None:
        """The caller's turn ends here and is understood."""
        self.watch.caller_began(self.now_s - 1.0)
        self.watch.caller_ended(self.now_s, self.now_s)
        self.watch.turn_taken(self.now_s)


@pytest.fixture
async def scene() -> Scene:
    """A call that has just begun."""
    return Scene()


async def test_a_normal_call_is_left_alone(scene: Scene) -> None:
    """Turn after turn, each answered within a second and a half: no step, no recording."""
    for turn in range(5):
        start_s = 10.0 * turn
        await scene.until(start_s)
        scene.ask()
        await scene.until(start_s + 1.5)
        scene.in_reply = True
        for tenth in range(30):
            scene.heard_until_s = scene.now_s
            await scene.until(start_s + 1.5 + tenth / 10)
        scene.in_reply = False
    await scene.until(60.0)
    assert scene.remedies.done == []
    assert not scene.supervisor.taken


async def test_silence_is_bridged_then_climbed(scene: Scene) -> None:
    """First a recording, within the limit; then the answer is asked for again, then elsewhere; then
    the call ends with an apology. All of it is counted.
    """
    scene.ask()
    assert await scene.until(2.9) == []
    assert await scene.until(3.1) == ["say moment"]
    done = await scene.until(30.0)
    assert [step for step in done if not step.startswith("say")] == [
        "ask",
        "replace",
        "ask",
        "end: silent agent, sorry",
    ]
    assert done.count("say moment") >= 1
    assert scene.supervisor.taken == {
        (Trouble.SILENT, step): 1 for step in (Step.RETRY, Step.REPLACE, Step.GIVE_UP)
    }
    assert await scene.until(90.0) == []


async def test_an_answer_ends_the_climb(scene: Scene) -> None:
    """When the answer comes after all, nothing more is done, and the next time begins anew."""
    scene.ask()
    await scene.until(5.8)
    assert scene.remedies.done == ["say moment", "ask"]
    scene.heard_until_s = 7.0
    assert await scene.until(20.0) == []
    scene.ask()
    assert await scene.until(25.8) == ["say moment", "ask"]


async def test_a_failure_is_not_waited_for(scene: Scene) -> None:
    """A provider that gives up is asked again at once, and then replaced."""
    scene.ask()
    scene.watch.failed()
    assert await scene.until(0.1) == ["ask"]
    scene.watch.failed()
    assert await scene.until(0.2) == ["replace", "ask"]
    scene.watch.failed()
    assert await scene.until(0.3) == ["end: failed reply, sorry"]


async def test_a_remedy_that_cannot_be_applied_leads_to_the_next(scene: Scene) -> None:
    """If the pipeline does not let itself be replaced, the caller is told."""
    scene.remedies.fails = {"ask", "replace"}
    scene.ask()
    scene.watch.failed()
    done = await scene.until(1.0)
    assert done == ["ask", "replace", "end: failed reply, sorry"]


async def test_a_lost_session_is_replaced_in_silence_when_nothing_is_owed(scene: Scene) -> None:
    """Nobody hears of it, and the next turn finds a session."""
    scene.watch.lost()
    assert await scene.until(0.1) == ["replace"]
    assert await scene.until(20.0) == []


async def test_words_that_went_with_a_session_are_asked_for_again(scene: Scene) -> None:
    """What a lost model had heard and not written down, the next one cannot answer."""
    scene.remedies.fails = {"question"}
    scene.ask()
    scene.watch.lost()
    assert await scene.until(0.2) == ["replace", "say again"]
    assert await scene.until(20.0) == []


async def test_words_that_nobody_understood_are_asked_for_again(scene: Scene) -> None:
    """Once, then through the other pipeline, then the call ends."""
    for expected in (["say again"], ["replace", "say again"], ["end: deaf agent, sorry"]):
        scene.watch.caller_began(scene.now_s)
        await scene.until(scene.now_s + 1.0)
        scene.watch.caller_ended(scene.now_s, scene.now_s)
        assert await scene.until(scene.now_s + 5.0) == expected


async def test_a_running_tool_is_bridged_and_not_run_again(scene: Scene) -> None:
    """Patience is asked for, a few times; only a stuck tool is given up."""
    scene.ask()
    scene.watch.tool_began("call_1", 0.0)
    done = await scene.until(LIMITS.tool_s)
    assert set(done) == {"say moment"}
    assert len(done) <= MOST_BRIDGES
    assert "drop tool" in await scene.until(LIMITS.tool_s + 0.5)


async def test_patience_is_asked_for_while_a_remedy_takes_long(scene: Scene) -> None:
    """A replacement of several seconds is no silence either."""
    scene.ask()
    scene.watch.failed()
    scene.remedies.may_end.clear()
    assert await scene.until(3.2) == ["ask", "say moment"]


async def test_nothing_is_said_while_the_caller_speaks(scene: Scene) -> None:
    """A recording never talks over the caller."""
    scene.ask()
    await scene.until(2.0)
    scene.watch.caller_began(2.0)
    assert await scene.until(20.0) == []


async def test_an_idle_caller_is_asked_and_then_taken_leave_of(scene: Scene) -> None:
    """Who answers the question is not idle any more."""
    assert await scene.until(LIMITS.idle_s + 0.2) == ["say still_there"]
    scene.supervisor.ladder.caller_spoke()
    scene.watch.caller_began(scene.now_s)
    scene.watch.caller_ended(scene.now_s, scene.now_s)
    again_s = scene.now_s + LIMITS.idle_s
    assert await scene.until(again_s + 0.2) == ["say still_there"]
    assert await scene.until(again_s + 20.0) == ["end: idle caller, goodbye"]


async def test_nothing_is_done_while_the_caller_is_away(scene: Scene) -> None:
    """What the agent says waits meanwhile; nothing is done about an absence that left no debt."""
    scene.supervisor.away()
    assert await scene.until(100.0) == []
    scene.supervisor.back()
    assert await scene.until(110.0) == []
    assert scene.remedies.done == ["hold", "release"]


async def test_a_caller_who_comes_back_is_owed_what_was_owed(scene: Scene) -> None:
    """A question that was understood before the absence is not forgotten, and its time begins
    anew.
    """
    scene.ask()
    scene.supervisor.away()
    assert await scene.until(100.0) == []
    scene.supervisor.back()
    assert await scene.until(102.9) == []
    assert await scene.until(103.1) == ["say moment"]


async def test_it_ends_with_its_tasks_when_cancelled(scene: Scene) -> None:
    """A supervisor that is cancelled leaves nothing running."""
    scene.ask()
    scene.watch.failed()
    scene.remedies.may_end.clear()
    running = asyncio.create_task(scene.supervisor.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert scene.remedies.done == ["ask"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
