"""The page across reloads, in two windows, and when the agent goes: does the caller know?"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from livekit import api
from playwright.async_api import Page as Tab

from tests.browser.conftest import FAKE_MICROPHONE, open_tab, words_for
from tests.browser.test_page_call import caption
from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_PRICE, HEAR_HOURS, HEAR_PRICE
from tests.caller.stack import API_KEY, API_SECRET, LiveKitServer, Stack
from tests.integration.test_calls_that_fail import refusals

pytestmark = pytest.mark.browser


@pytest.fixture
async def rooms(livekit_server: LiveKitServer) -> AsyncIterator[api.room_service.RoomService]:
    """The rooms of the LiveKit server."""
    async with api.LiveKitAPI(livekit_server.url, API_KEY, API_SECRET) as server:
        yield server.room


async def room_names(rooms: api.room_service.RoomService) -> set[str]:
    return {room.name for room in (await rooms.list_rooms(api.ListRoomsRequest())).rooms}


async def ask(tab: Tab, question: str, answer: str) -> None:
    """Type a question and read the answer."""
    await tab.fill("#message", question)
    await tab.press("#message", "Enter")
    await caption(tab, "agent", answer)


@pytest.mark.parametrize("pipeline", ["realtime", "cascade"])
async def test_a_reloaded_page_returns_to_its_call(
    stack: Stack, rooms: api.room_service.RoomService, pipeline: str
) -> None:
    """The same room and agent, no second greeting, the lines so far, and a microphone that was
    muted stays so; twice in a row.
    """
    stack.sandbox.play(replies=ANSWERS)
    before = await room_names(rooms)
    async with open_tab(f"{stack.page_url}?pipeline={pipeline}", *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        await tab.click("#mute")
        await caption(tab, "agent", "help you")
        await ask(tab, ASK_HOURS, HEAR_HOURS)
        room = await room_names(rooms) - before
        for question, answer in ((ASK_PRICE, HEAR_PRICE), (ASK_HOURS, HEAR_HOURS)):
            await tab.reload()
            await words_for(tab, "live")
            await tab.locator("#mute", has_text="Unmute").wait_for()
            await caption(tab, "caller", ASK_HOURS)
            lines = await tab.locator("#captions li").count()
            await tab.fill("#message", question)
            await tab.press("#message", "Enter")
            await tab.locator("#captions li", has_text=answer).nth(lines // 4).wait_for()
        assert await room_names(rooms) - before == room
        greetings = tab.locator("#captions li[data-speaker=agent]", has_text="help you")
        assert await greetings.count() == 1
        await tab.click("#hangup")
        await words_for(tab, "ended")
        await tab.reload()
        assert await tab.get_attribute("body", "data-phase") == "idle"


async def test_a_call_that_ended_while_the_page_was_away_is_over(
    stack: Stack, rooms: api.room_service.RoomService
) -> None:
    """Who comes back too late reads that the call has ended, and may start a new one."""
    before = await room_names(rooms)
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        (room,) = await room_names(rooms) - before
        await tab.goto("about:blank")
        await rooms.delete_room(api.DeleteRoomRequest(room=room))
        await tab.goto(stack.page_url)
        assert await words_for(tab, "ended") == "The call has ended."
        assert await tab.inner_text("#connect") == "Start a new call"
        assert room not in await room_names(rooms)
        await tab.click("#connect")
        await words_for(tab, "live")


async def test_a_call_taken_over_by_another_window_says_so(stack: Stack) -> None:
    """A tab that is duplicated takes the call along, and the first one tells the caller where it
    is; two tabs that were opened apart are two calls.
    """
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        async with tab.context.expect_page() as opened:
            await tab.evaluate("open(location.href)")
        copy = await opened.value
        await words_for(copy, "live")
        assert "goes on there" in await words_for(tab, "ended")
        await tab.reload()
        assert await tab.get_attribute("body", "data-phase") == "idle"
        async with tab.context.expect_page() as opened:
            await copy.evaluate("open(location.href, '', 'noopener')")
        apart = await opened.value
        assert await apart.get_attribute("body", "data-phase") == "idle"
        assert await copy.get_attribute("body", "data-phase") == "live"


async def test_an_agent_that_gives_up_says_that_it_was_a_fault(stack: Stack) -> None:
    """With a provider that refuses everything the page ends otherwise than after a goodbye."""
    stack.sandbox.play(faults=refusals(500))
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        words = await words_for(tab, "failed", timeout_s=60)
        assert "had to end the call because of a fault" in words
        assert await tab.get_attribute("body", "data-fault") == "agent-failed"


async def test_an_agent_that_crashes_is_told_from_one_that_hangs_up(
    stack: Stack, rooms: api.room_service.RoomService
) -> None:
    """A job process that is killed ends the call with words of its own."""
    before = await room_names(rooms)
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        (room,) = await room_names(rooms) - before
        started = rf'"message": "call started".*"room": "{room}".*"pid": (\d+)'
        job = await asyncio.to_thread(stack.worker.wait_for_line, started)
        os.kill(int(job[1]), signal.SIGKILL)
        assert "cut off by a fault" in await words_for(tab, "failed", timeout_s=60)
