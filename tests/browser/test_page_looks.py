"""The page in each of its states: can everybody use it, in both languages, on any screen?"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from livekit import api
from playwright.async_api import Page as Tab
from playwright.async_api import ViewportSize

from tests.browser.accessibility import TOO_SMALL, barriers, too_wide
from tests.browser.conftest import FAKE_MICROPHONE, open_tab, words_for
from tests.browser.scripted_agent import APPOINTMENT, WEATHER, ScriptedAgent, scripted_agent
from tests.caller.processes import PROJECT
from tests.caller.stack import API_KEY, API_SECRET, LiveKitServer, Page

pytestmark = pytest.mark.browser

SCREENSHOTS = os.environ.get("PARLEY_SCREENSHOTS", "")
"""`readme` makes the README's pictures anew; a folder gets one of every state on every screen."""
IN_README = (
    "idle-en-wide-light",
    "live-en-wide-light",
    "live-en-wide-dark",
    "live-en-narrow-light",
    "live-en-narrow-dark",
)
SCREENS: dict[str, ViewportSize] = {
    "narrow": {"width": 320, "height": 640},
    "tablet": {"width": 768, "height": 1024},
    "wide": {"width": 1280, "height": 800},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LINES = {
    "en": (
        "Hello, this is Parley. How can I help you?",
        "What is the weather in Lisbon, and can I come on Tuesday?",
        "It is raining a little in Lisbon. I have booked you for Tuesday at half past ten.",
        "Thank you, and how do I",
    ),
    "ko": (
        "안녕하세요, 팔리입니다. 무엇을 도와드릴까요?",
        "리스본 날씨는 어때요? 그리고 화요일에 가도 될까요?",
        "리스본에는 비가 조금 옵니다. 화요일 열 시 반으로 예약해 드렸습니다.",
        "감사합니다. 그럼 어떻게",
    ),
}
HEADINGS = {"en": "Talk with our assistant", "ko": "AI 상담원과 이야기하세요"}
OVER = {"en": "The call has ended.", "ko": "통화가 종료되었습니다."}


@asynccontextmanager
async def call(tab: Tab, server: LiveKitServer) -> AsyncIterator[ScriptedAgent]:
    """A call from the page that a scripted agent has taken."""
    async with api.LiveKitAPI(server.url, API_KEY, API_SECRET) as livekit:
        before = await room_names(livekit)
        await tab.click("#connect")
        await words_for(tab, "waiting")
        (room,) = await room_names(livekit) - before
    async with scripted_agent(server, room) as agent:
        await words_for(tab, "live")
        yield agent


async def room_names(livekit: api.LiveKitAPI) -> set[str]:
    """The rooms that there are."""
    return {room.name for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms}


async def talk(agent: ScriptedAgent, language: str) -> None:
    """A conversation with one of everything that is shown."""
    greeting, question, answer, interim = LINES[language]
    await agent.say(greeting)
    await agent.hear(question)
    await agent.use("weather", WEATHER)
    await agent.use("book_appointment", APPOINTMENT)
    await agent.say(answer)
    await agent.tell("cost_changed", spent_usd="0.012300", rate_usd_per_minute="0.041000")
    await agent.hear_more(interim)


async def check(tab: Tab, name: str, language: str) -> None:
    """Nobody is kept out in this state, and it fits the narrowest screen; photographed if asked."""
    assert await barriers(tab) == [], name
    assert await too_wide(tab) == [], name
    assert await tab.evaluate(TOO_SMALL) == [], name
    if not SCREENSHOTS:
        return
    for scheme in SCHEMES:
        await tab.emulate_media(color_scheme=scheme)
        for screen, size in SCREENS.items():
            picture = f"{name}-{language}-{screen}-{scheme}"
            await tab.set_viewport_size(size)
            if SCREENSHOTS != "readme":
                await tab.screenshot(path=f"{SCREENSHOTS}/{picture}.png")
            elif picture in IN_README:
                await tab.screenshot(path=PROJECT / "docs/screenshots" / f"{picture}.png")
    await tab.emulate_media(color_scheme="light")
    await tab.set_viewport_size(SCREENS["wide"])


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_everybody_can_use_the_page_in_every_state(
    lonely_page: Page, livekit_server: LiveKitServer, language: str
) -> None:
    """Axe finds nothing serious before, in and after a call, in the settings and when something
    went wrong; light and dark; and nothing is wider than 320 pixels or too small for a finger.
    """
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE, locale=language) as tab:
        assert await tab.get_attribute("html", "lang") == language
        assert await tab.inner_text("h1") == HEADINGS[language]
        await tab.locator("#choose-persona option").nth(1).wait_for(state="attached")
        assert await tab.input_value("#choose-language") == language
        await check(tab, "idle", language)
        await tab.click("#open-settings")
        await tab.click("#test-microphone")
        await tab.locator("#choose-microphone option").nth(1).wait_for(state="attached")
        await check(tab, "settings", language)
        await tab.keyboard.press("Escape")
        async with call(tab, livekit_server) as agent, agent.aloud("Good morning"):
            await agent.be("speaking")
            await talk(agent, language)
            await tab.locator("#captions [data-final=false]").wait_for()
            await tab.locator("#cost").wait_for()
            assert await tab.locator("#captions .card").count() == 2
            assert "40217" in await tab.inner_text("[data-card=appointment]")
            await check(tab, "live", language)
            await tab.click("#hangup")
            assert await words_for(tab, "ended") == OVER[language]
        await check(tab, "ended", language)
        busy = '{"code": "workers_full", "message": "All lines are busy."}'
        headers = {"Retry-After": "30", "Content-Type": "application/json"}
        await tab.route(
            "**/api/token", lambda route: route.fulfill(status=503, headers=headers, body=busy)
        )
        await tab.click("#connect")
        words = await words_for(tab, "failed")
        assert "30" in words
        await check(tab, "failed", language)


async def test_the_visitor_chooses_the_language_of_the_page(lonely_page: Page) -> None:
    """The switch turns everything over at once, `?lang=` does it by a link, and the choice is
    kept; the language of the call follows as far as it is offered.
    """
    async with open_tab(f"{lonely_page.url}?lang=en", locale="ko-KR") as tab:
        await tab.locator("#choose-persona option").nth(1).wait_for(state="attached")
        assert await tab.inner_text("#connect") == "Start call"
        await tab.select_option("#choose-lang", "ko")
        assert await tab.get_attribute("html", "lang") == "ko"
        assert await tab.inner_text("#connect") == "통화 시작"
        assert await tab.inner_text("#status") == "전화하듯 편하게 물어보세요."
        assert await tab.input_value("#choose-language") == "ko"
        await tab.goto(lonely_page.url)
        assert await tab.inner_text("#connect") == "통화 시작"


async def test_a_call_needs_no_mouse(lonely_page: Page, livekit_server: LiveKitServer) -> None:
    """The whole of it by the keyboard, in the order of the page; focus is seen, and never lost."""
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        await tab.locator("#choose-persona option").nth(1).wait_for(state="attached")

        async def tab_to(*ids: str) -> None:
            for expected in ids:
                await tab.keyboard.press("Tab")
                assert await tab.evaluate("document.activeElement.id") == expected
                outline = "getComputedStyle(document.activeElement).outlineWidth"
                assert await tab.evaluate(outline) != "0px"

        await tab_to("choose-lang", "open-settings")
        await tab.keyboard.press("Enter")
        assert await tab.evaluate("document.activeElement.closest('dialog')?.id") == "settings"
        await tab.keyboard.press("Escape")
        assert await tab.evaluate("document.activeElement.id") == "open-settings"
        await tab_to("choose-persona", "choose-language", "connect")
        async with api.LiveKitAPI(livekit_server.url, API_KEY, API_SECRET) as livekit:
            before = await room_names(livekit)
            await tab.keyboard.press("Enter")
            await words_for(tab, "waiting")
            assert await tab.evaluate("document.activeElement.id") == "hangup"
            (room,) = await room_names(livekit) - before
        async with scripted_agent(livekit_server, room):
            await words_for(tab, "live")
            for _ in range(3):
                await tab.keyboard.press("Shift+Tab")
            assert await tab.evaluate("document.activeElement.id") == "message"
            await tab.keyboard.type("Good morning")
            await tab.keyboard.press("Enter")
            await tab.locator("#captions [data-speaker=caller]", has_text="morning").wait_for()
            await tab_to("send", "mute")
            await tab.keyboard.press("Space")
            await tab.locator("#mute", has_text="Unmute").wait_for()
            await tab_to("hangup")
            await tab.keyboard.press("Enter")
            await words_for(tab, "ended")
            assert await tab.evaluate("document.activeElement.id") == "connect"


async def test_a_transcript_can_be_taken_along(
    lonely_page: Page, livekit_server: LiveKitServer
) -> None:
    """Copied, as text and as subtitles."""
    async with open_tab(
        lonely_page.url,
        *FAKE_MICROPHONE,
        permissions=["clipboard-read", "clipboard-write", "microphone"],
    ) as tab:
        async with call(tab, livekit_server) as agent:
            await agent.say("Hello, this is Parley.")
            await agent.hear("When are you open?")
            await tab.locator("#captions [data-speaker=caller]").wait_for()
            assert not await tab.is_visible("#keepsake")
            await tab.click("#hangup")
        await tab.click("#copy-transcript")
        await tab.locator("#copy-label", has_text="Copied").wait_for()
        copied = await tab.evaluate("navigator.clipboard.readText()")
        assert "Assistant: Hello, this is Parley.\n" in copied
        assert "You: When are you open?\n" in copied
        for button, beginning in (("#save-text", "[0:00] "), ("#save-subtitles", "WEBVTT\n\n")):
            async with tab.expect_download() as download:
                await tab.click(button)
            saved = (await (await download.value).path()).read_text()
            assert saved.startswith(beginning)
            assert "When are you open?" in saved
