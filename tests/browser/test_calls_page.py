"""The page on which operators read calls, in a real browser over real records."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Page as Tab

from agent.call.record import (
    Charged,
    Closed,
    Fault,
    GuardrailTrip,
    HandedOver,
    Opened,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    RecordEvent,
    Recovery,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.records.audio_files import AudioFiles
from agent.records.recorder import Recorder
from agent.records.rows import Header
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from agent.web.operators import Operator, Role, make_token
from tests.browser.conftest import open_tab
from tests.caller.stack import Page
from tests.unit.web.conftest import LIVEKIT_SECRET, SECRET

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="document.title=1">'
NOW = datetime.now(UTC)


def whole_call(caller: str, words: str = "Where is my order, please?") -> list[RecordEvent]:
    """A call with something of each kind."""
    return [
        Opened("room-1"),
        PipelineInForce("cascade", "en"),
        PersonaInForce("frontdesk"),
        ParticipantJoined(caller),
        TurnSpoken(
            "i1",
            "frontdesk",
            "Hello, how can I help?",
            "Hello, how can",
            interrupted=True,
            latency_s={"model_first_token": 0.31, "voice_first_audio": 0.22, "whole": 0.74},
        ),
        TurnHeard("i2", words, latency_s={"transcription": 0.2, "end_of_turn": 0.5}),
        ToolBegan("find_order", {"order_number": "40217"}),
        ToolEnded("find_order", "done", 0.2, {"order_number": "40217"}, "It is on its way."),
        Charged("gpt-4.1-mini", Decimal("0.0021"), Decimal("0.0021"), "2026"),
        TurnSpoken(
            "i3", "frontdesk", "It is on its way.", "It is on its way.", latency_s={"whole": 1.3}
        ),
        GuardrailTrip("secrets", "frontdesk", "output"),
        HandedOver("frontdesk", "billing", back=False),
        Recovery("silent agent", "bridge", 3.0),
        Fault("tts", "APITimeoutError", recoverable=True),
        Charged("gpt-4o-mini-tts", Decimal("0.013"), Decimal("0.0151"), "2026", ("telephone",)),
    ]


@pytest.fixture
def settings(tmp_path: Path) -> DatabaseSettings:
    """Of a database that is not there yet."""
    return DatabaseSettings(url=f"sqlite:///{tmp_path}/parley.sqlite3")


@pytest.fixture
async def store(settings: DatabaseSettings) -> AsyncIterator[CallStore]:
    """The records in it."""
    database = Database(settings)
    yield CallStore(database)
    await database.aclose()


@pytest.fixture
def reading_page(settings: DatabaseSettings, tmp_path: Path) -> Iterator[Page]:
    """A web server that shows them to whoever has a token."""
    environment = {
        "LIVEKIT_URL": "ws://127.0.0.1:7880",
        "LIVEKIT_API_KEY": "web-test-key",
        "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
        "PARLEY_OPERATOR_SECRET": SECRET,
        "PARLEY_DATABASE_URL": settings.url.get_secret_value(),
        "PARLEY_AUDIO_DIR": str(tmp_path / "audio"),
    }
    with Page(tmp_path, environment, name="reading-page") as page:
        yield page


async def record(
    store: CallStore, folder: Path, call_id: str, events: list[RecordEvent], *, ago: timedelta
) -> None:
    """Keep a call as a job does."""
    recorder = Recorder(Header(call_id, "room-1", NOW - ago), store, Spool(folder / "spool"))
    for event in events:
        recorder.note(event)
    await recorder.aclose()


def make_sound(file: Path) -> None:
    """Twenty seconds of a tone."""
    file.parent.mkdir(exist_ok=True)
    tone = ("-f", "lavfi", "-i", "sine=duration=20", "-c:a", "libopus")
    subprocess.run(["ffmpeg", "-loglevel", "error", *tone, str(file)], check=True)


async def until(tab: Tab, condition: str) -> None:
    """Wait for it; Playwright's own waiting evaluates texts, which the page's policy forbids."""
    async with asyncio.timeout(10):
        while not await tab.evaluate(condition):  # noqa: ASYNC110 - a player tells only the page
            await asyncio.sleep(0.05)


async def sign_in(tab: Tab, role: Role) -> None:
    """Type a token, as somebody does who was handed one."""
    token = make_token(Operator("grace", role), SECRET, lasts=timedelta(minutes=5))
    await tab.fill("#token", token)
    await tab.press("#token", "Enter")
    await tab.locator("body[data-view=list]").wait_for()


async def test_an_operator_finds_a_call_and_reads_it(
    reading_page: Page, store: CallStore, tmp_path: Path
) -> None:
    """By what was said in it, with the keyboard, hears it and saves it; what callers name
    themselves is text.
    """
    for number in range(3):
        events = [*whole_call(f"caller-{number}", "Hello there"), Closed("user_initiated")]
        await record(store, tmp_path, f"AJ_{number}", events, ago=timedelta(days=number))
    hostile = [*whole_call(HOSTILE, f"I want a banana {HOSTILE}"), Closed("error")]
    await record(store, tmp_path, "AJ_hostile", hostile, ago=timedelta(hours=1))
    make_sound(AudioFiles(tmp_path / "audio").path("AJ_hostile"))
    async with open_tab(f"{reading_page.url}calls") as tab:
        await sign_in(tab, "operator")
        await tab.locator("#calls li").nth(3).wait_for()
        await tab.fill("[name=text]", "BANANA")
        await tab.press("[name=text]", "Enter")
        link = tab.locator("#calls a")
        await tab.get_by_text("1 call.", exact=True).wait_for()
        assert await link.locator(".caller").inner_text() == HOSTILE
        await link.press("Enter")
        said = tab.locator("#timeline [data-side=caller] .said")
        await said.wait_for()
        assert await said.inner_text() == f"I want a banana {HOSTILE}"
        assert await tab.inner_text("#call-title") == HOSTILE
        unheard = tab.locator("#timeline .unheard")
        assert await unheard.inner_text() == "I help?"
        assert "$0.0151" in await tab.inner_text("#facts")
        assert await tab.locator("#timeline [data-side=tool]").count() == 1
        assert await tab.locator("#timeline [data-side=alarm]").count() == 3
        assert await tab.locator("#timeline img").count() == 0
        assert await tab.title() == "Calls · Parley"
        async with tab.expect_download() as download:
            await tab.click("[data-format=vtt]")
        saved = await (await download.value).path()
        assert saved.read_text().startswith("WEBVTT")
        await tab.click("#listen")
        await until(tab, "document.querySelector('#player').duration > 19")
        await tab.evaluate("document.querySelector('#player').currentTime = 7")
        await tab.locator("#timeline .time").first.click()
        await until(tab, "document.querySelector('#player').currentTime < 6")
        await tab.reload()
        await said.wait_for()  # the tab has kept the token, and the address the call
        await tab.click("#leave")
        await tab.locator("#token").wait_for()
        assert not await said.is_visible()


async def test_a_call_that_goes_on_is_seen_going_on(
    reading_page: Page, store: CallStore, tmp_path: Path
) -> None:
    """What is said now is on the page a moment later, and the end too; so is another call."""
    recorder = Recorder(Header("AJ_now", "r", NOW), store, Spool(tmp_path / "spool"))
    recorder.note(Opened("r"))
    recorder.note(ToolBegan("find_order", {"order_number": "4"}))
    async with open_tab(f"{reading_page.url}calls#/call/AJ_now") as tab:
        token = make_token(Operator("grace", "operator"), SECRET, lasts=timedelta(minutes=5))
        await tab.fill("#token", token)
        await tab.press("#token", "Enter")
        await tab.get_by_text("order_number: 4 … is running").wait_for()
        recorder.note(ToolEnded("find_order", "done", 0.2, {"order_number": "4"}, "On its way."))
        recorder.note(TurnHeard("i", "Thank you!"))
        await tab.get_by_text("Thank you!").wait_for(timeout=5_000)
        await tab.get_by_text("is running").wait_for(state="detached")
        await record(store, tmp_path, "AJ_later", whole_call("bob"), ago=timedelta())
        await tab.locator("#calls .caller", has_text="bob").wait_for(timeout=10_000)
        recorder.note(Closed("user_initiated"))
        await recorder.aclose()
        await tab.locator("#call-view[data-state=closed]").wait_for(timeout=5_000)


async def test_a_viewer_sees_numbers_and_no_words(
    reading_page: Page, store: CallStore, tmp_path: Path
) -> None:
    """Charts of the days, each a table too, in a window as narrow as a telephone. A token that is
    none is told, and may be typed again.
    """
    for days in (0, 1, 3):
        events = [*whole_call("anna"), Closed("user_initiated")]
        await record(store, tmp_path, f"AJ_{days}", events, ago=timedelta(days=days))
    async with open_tab(f"{reading_page.url}calls") as tab:
        await tab.set_viewport_size({"width": 360, "height": 740})
        await tab.fill("#token", "not a token")
        await tab.press("#token", "Enter")
        await tab.get_by_text("This is no operator's token of this server.").wait_for()
        await sign_in(tab, "viewer")
        assert not await tab.is_visible("#alert")
        assert not await tab.is_visible("[name=text]")
        await tab.locator("#calls a").first.click()
        await tab.get_by_text("not shown to your role").first.wait_for()
        assert "anna" not in await tab.inner_text("body")
        assert not await tab.is_visible("#actions")
        await tab.click("#to-overview")
        await tab.locator("#charts canvas").nth(2).wait_for()
        await tab.locator("summary").first.click()
        rows = await tab.locator("details[open] tbody tr").all_inner_texts()
        assert [row.split("\t")[1:] for row in rows] == [
            ["0", "0", "0", "1"],
            ["", "", "", ""],
            ["0", "0", "0", "1"],
            ["0", "0", "0", "1"],
        ]
        width = "document.documentElement.scrollWidth"
        for view in ("overview", "list"):
            await tab.click(f"#to-{view}")
            assert await tab.evaluate(width) <= 360
