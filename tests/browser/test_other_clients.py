"""Clients that are not ours: what LiveKit's own front ends rely on holds in a real call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import Route

from tests.browser.conftest import CONSENT, FAKE_DEVICES, open_tab
from tests.browser.microphone_file import microphone_file
from tests.caller.expectations import ANSWERS, ASK_HOURS, ASK_PRICE, HEAR_HOURS, HEAR_PRICE
from tests.caller.processes import PROJECT
from tests.caller.stack import Stack

pytestmark = pytest.mark.browser

LIBRARY = PROJECT / "agent/web/client/node_modules/livekit-client/dist/livekit-client.esm.mjs"
CLIENT = Path(__file__).with_name("starter_client.mjs")
BEGIN = """() => {
  const script = document.createElement("script");
  script.type = "module";
  script.src = "/client.mjs";
  document.head.append(script);
}"""
"""On a page that our server answered: of one that is made up, a browser does not know that it is on
this machine, and keeps it from other servers that are.
"""


async def line_with(tab: Tab, text: str, *, own: bool = False) -> dict[str, Any]:
    """The first line of the agent's, or of the caller's own, that holds a text, once it is there.
    Also an agent that misheard the question speaks of opening hours.
    """
    lines: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(45):
            while True:
                lines = await tab.evaluate("window.seen?.lines ?? []")
                for line in lines:
                    if line["own"] is own and text in line["text"]:
                        return dict(line)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"no line with {text!r} in {lines}") from None


async def serve(tab: Tab, name: str, content_type: str, body: str) -> None:
    """Give the tab a file beside those of our server."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, content_type=content_type)

    await tab.route(f"**/{name}", answer)


async def test_livekits_own_front_ends_work_unchanged(stack: Stack, tmp_path: Path) -> None:
    """A token by `TokenSource.endpoint`, the agent's state by its attribute, both sides' words by
    `lk.transcription` with its attributes, and typing by `lk.chat`.
    """
    stack.sandbox.play(replies=ANSWERS)
    speech = microphone_file(tmp_path, ASK_HOURS)
    microphone = f"--use-file-for-fake-audio-capture={speech}%noloop"
    async with open_tab("about:blank", CONSENT, FAKE_DEVICES, microphone) as tab:
        await serve(tab, "client.mjs", "text/javascript", CLIENT.read_text())
        await serve(tab, "livekit-client.mjs", "text/javascript", LIBRARY.read_text())
        await tab.goto(f"{stack.page_url}healthz")
        await tab.evaluate(BEGIN)
        asked = await line_with(tab, "open", own=True)
        answer = await line_with(tab, HEAR_HOURS)
        await tab.evaluate(f"type({ASK_PRICE!r})")
        await line_with(tab, HEAR_PRICE)
        seen = await tab.evaluate("seen")
    assert asked["known"]
    assert answer["attributes"]["lk.segment_id"] != asked["attributes"]["lk.segment_id"]
    finals = {line["attributes"]["lk.transcription_final"] for line in seen["lines"]}
    assert finals <= {"true", "false"}
    assert "true" in finals
    assert all(line["attributes"]["lk.transcribed_track_id"] for line in seen["lines"])
    assert {"listening", "speaking"} <= set(seen["states"])
    assert seen["states"][0] in ("initializing", "listening", "speaking")
