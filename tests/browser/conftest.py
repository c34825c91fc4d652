"""A real Chromium for the page's tests."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import Route, async_playwright

from tests.caller.processes import free_port
from tests.caller.stack import LiveKitServer, Page

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONSENT = "--use-fake-ui-for-media-stream"
"""Answers yes to every question for permission."""
FAKE_DEVICES = "--use-fake-device-for-media-stream"
FAKE_MICROPHONE = (CONSENT, FAKE_DEVICES)

CANARIES = ("sk-canary-of-the-provider", "an-operators-secret-canary-of-enough-length")

OpenTab = Callable[..., AbstractAsyncContextManager[Tab]]


def chromium() -> str:
    """The system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("no Chromium on PATH: apt-get install chromium")


REPORT_BREACHES = """addEventListener("securitypolicyviolation", (breach) =>
  console.error(`Content Security Policy: ${breach.violatedDirective} ${breach.blockedURI}`));"""


@asynccontextmanager
async def open_tab(url: str, *arguments: str, **context: Any) -> AsyncIterator[Tab]:
    """A page of a fresh browser that was started with these arguments, in a context such as
    `locale="ko-KR"`. On the way out it must have reported no error of its own: no exception, and no
    breach of its content security policy.
    """
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=[*ARGUMENTS, *arguments]
        )
        try:
            tab = await browser.new_page(**context)
            await tab.add_init_script(REPORT_BREACHES)
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on(
                "console",
                lambda message: (
                    complaints.append(message.text)
                    if "Content Security Policy" in message.text
                    else None
                ),
            )
            await tab.goto(url)
            yield tab
        finally:
            await browser.close()
    assert complaints == []


async def words_for(tab: Tab, phase: str, *, timeout_s: float = 20) -> str:
    """What the page says once it has reached a phase: its alert, or else its status line."""
    await tab.wait_for_selector(f"body[data-phase={phase}]", timeout=timeout_s * 1000)
    alert = await tab.inner_text("#alert") if await tab.is_visible("#alert") else ""
    return alert or await tab.inner_text("#status")


async def slowly(route: Route) -> None:
    """Let a request take as long as on a bad line; longer than the question that callers ask."""
    await asyncio.sleep(3)
    await route.continue_()


@pytest.fixture
def unstarted_livekit(tmp_path: Path) -> LiveKitServer:
    """A LiveKit server of this test alone, to start and stop as it likes."""
    return LiveKitServer(tmp_path, name="own-livekit-server")


@pytest.fixture(scope="session")
def lonely_page(run_folder: Path, livekit_server: LiveKitServer) -> Iterator[Page]:
    """A page whose calls no worker answers, with secrets that no browser may see."""
    env = {
        **livekit_server.env,
        "LIVEKIT_AGENT_NAME": "nobody",
        "OPENAI_API_KEY": CANARIES[0],
        "PARLEY_OPERATOR_SECRET": CANARIES[1],
    }
    with Page(run_folder, env, name="lonely-page") as page:
        yield page


@pytest.fixture
def closed_port() -> int:
    """A loopback port at which nothing listens."""
    return free_port()
