"""What tools may rely on in a call that has no room."""

from __future__ import annotations

import asyncio

import pytest

from agent.errors import ToolError
from agent.web.direct.talk import MOST_ITEMS, DirectControl, PageOccasion, ReportedTurns


async def test_turns_that_began_before_the_mark_answer_nothing() -> None:
    """Words that are known only later may belong to what was said before."""
    turns = ReportedTurns()
    told: list[str] = []
    turns.on_turn(told.append)
    turns.began("i1")
    turns.mark()
    assert not turns.has_begun
    turns.heard("i1", "yes")
    assert told == []
    turns.heard("i2", "no")
    assert turns.has_begun
    assert told == ["no"]


async def test_words_that_are_on_their_way_are_waited_for() -> None:
    """A model may call a tool before the words it acts on were told."""
    turns = ReportedTurns()
    turns.mark()
    turns.began("i1")
    waiting = asyncio.create_task(turns.words(limit_s=5))
    await asyncio.sleep(0)
    assert not waiting.done()
    turns.heard("i1", "yes")
    await waiting


async def test_nobody_waits_for_a_caller_who_is_silent() -> None:
    """And not for ever for words that never come."""
    turns = ReportedTurns()
    await turns.words(limit_s=60)
    turns.began("i1")
    await turns.words(limit_s=0.01)


def test_a_page_cannot_fill_memory_with_turns() -> None:
    """The oldest are forgotten."""
    turns = ReportedTurns()
    for number in range(2 * MOST_ITEMS):
        turns.began(f"i{number}")
    assert len(turns._begun) <= MOST_ITEMS
    assert len(turns._waited_for) <= MOST_ITEMS


def test_listeners_can_go() -> None:
    """What `on_turn` returns ends it."""
    turns = ReportedTurns()
    told: list[str] = []
    forget = turns.on_turn(told.append)
    forget()
    turns.heard("i1", "yes")
    assert told == []


async def test_what_needs_a_room_is_refused_in_words() -> None:
    """Were such a tool offered by mistake, the model could say so."""
    control = DirectControl()
    with pytest.raises(ToolError):
        control.transfer_after_reply("reception")
    with pytest.raises(ToolError):
        await control.send_dtmf("1")
    with pytest.raises(ToolError):
        control.hold(60)
    with pytest.raises(ToolError):
        await control.switch_language("de")
    assert not await control.change_speed(0.85)
    control.hang_up_after_reply()
    assert control.hangs_up


async def test_a_question_is_put_by_the_page() -> None:
    """It is told by the call that it is for, so that its answer is not taken for another's."""
    asked: dict[str, object] = {}
    occasion = PageOccasion("call_1", asked.__setitem__)

    def heard(_words: str) -> None: ...

    assert occasion.asker.ask("Shall I?", language="en", heard=heard)
    assert occasion.question == "Shall I?"
    assert asked == {"call_1": heard}


async def test_an_answer_is_waited_for_longer_than_a_tool_may_take() -> None:
    """There is nobody who could tell it later."""
    done = asyncio.create_task(asyncio.sleep(0.02))
    await PageOccasion("call_1", lambda _id, _heard: None).until(done, 0.001)
    assert done.done()
