"""In which order steps are taken, and when."""

from __future__ import annotations

import pytest

from agent.supervision.ladder import LADDERS, Ladder, Step
from agent.supervision.watch import Trouble


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_comes_to_an_end(trouble: Trouble) -> None:
    """However little helps, the last rung ends the call, and the climb is short."""
    ladder, now_s = Ladder(), 0.0
    steps: list[Step] = []
    while not steps or steps[-1] not in (Step.GIVE_UP, Step.TAKE_LEAVE):
        step = ladder.next_step(trouble, now_s)
        if step is not None:
            steps.append(step)
        now_s += 1.0
    assert len(steps) <= 4
    assert now_s <= 30


def test_each_step_has_time_to_help() -> None:
    """The next rung waits for the patience of the one before."""
    ladder = Ladder()
    assert ladder.next_step(Trouble.SILENT, 10.0) is Step.RETRY
    patience_s = LADDERS[Trouble.SILENT][0].patience_s
    assert ladder.next_step(Trouble.SILENT, 10.0 + patience_s - 0.1) is None
    assert ladder.next_step(Trouble.SILENT, 10.0 + patience_s) is Step.REPLACE


def test_a_step_that_is_known_to_fail_is_not_waited_for() -> None:
    """What a provider refuses again goes on to the next rung at once."""
    ladder = Ladder()
    ladder.next_step(Trouble.SILENT, 10.0)
    assert ladder.next_step(Trouble.FAILED, 10.1, at_once=True) is Step.REPLACE


def test_the_first_step_may_be_put_off() -> None:
    """A wait holds the first rung, and no later one."""
    ladder = Ladder()
    ladder.wait(Trouble.SILENT, 12.0)
    assert ladder.next_step(Trouble.SILENT, 11.9) is None
    assert ladder.next_step(Trouble.SILENT, 12.0) is Step.RETRY
    ladder.wait(Trouble.SILENT, 99.0)
    assert ladder.next_step(Trouble.SILENT, 16.0) is Step.REPLACE


def test_a_reply_ends_the_climb_for_an_answer() -> None:
    """The next failure begins at the first rung again; hearing has a climb of its own."""
    ladder = Ladder()
    ladder.next_step(Trouble.FAILED, 1.0)
    ladder.next_step(Trouble.DEAF, 1.0)
    ladder.answered()
    assert ladder.next_step(Trouble.FAILED, 2.0) is Step.RETRY
    assert ladder.next_step(Trouble.DEAF, 2.0) is Step.REPLACE
    ladder.understood()
    assert ladder.next_step(Trouble.DEAF, 3.0) is Step.ASK_AGAIN


def test_music_that_rests_and_goes_on_does_not_begin_the_climb_again() -> None:
    """A sound is no sign of somebody who listens; words and replies are."""
    ladder = Ladder()
    assert ladder.next_step(Trouble.NO_PROGRESS, 0.0) is Step.PROMPT
    ladder.caller_spoke()
    assert ladder.next_step(Trouble.NO_PROGRESS, 1.0) is None
    ladder.understood()
    assert ladder.next_step(Trouble.NO_PROGRESS, 2.0) is Step.PROMPT
