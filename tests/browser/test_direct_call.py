"""A call without a room: the page talks with the provider itself, in a real browser, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page as Tab

from agent.records.query import CallQuery
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.browser.conftest import CONSENT, FAKE_DEVICES, open_tab, words_for
from tests.browser.microphone_file import conversation_file
from tests.browser.test_page_call import AGENT_IS_HEARD, caption
from tests.caller.expectations import ASK_HOURS
from tests.caller.stack import PROVIDER_KEY, Page, SandboxProvider

pytestmark = pytest.mark.browser

ANSWER = (
    "We are open from nine until five, from Monday to Friday, and on Saturday we are open in the"
    " morning, and if you would like to come by then please call us on the day before that."
)
REPLIES: list[dict[str, Any]] = [
    {"match": "open", "tool_calls": [{"name": "opening_hours", "arguments": {}}], "times": 1},
    {"match": "open", "text": ANSWER, "times": 0},
    {"match": "wait", "text": "Of course.", "times": 0},
]


@pytest.fixture
def direct_page(tmp_path: Path, provider: SandboxProvider) -> Iterator[Page]:
    """A web server alone: neither a LiveKit server nor a worker runs for it."""
    env = {
        **provider.env,
        "LIVEKIT_URL": "ws://127.0.0.1:9",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "a-secret-that-nothing-is-signed-with",
        "PARLEY_DATABASE_URL": f"sqlite:///{tmp_path}/parley.sqlite3",
        "PARLEY_SPOOL_DIR": str(tmp_path / "spool"),
        "PARLEY_WEATHER": "climate",
        "PARLEY_DIRECT": "on",
    }
    with Page(tmp_path, env, name="direct-page") as page:
        yield page


async def test_a_visitor_talks_with_the_provider_itself(
    direct_page: Page, provider: SandboxProvider, tmp_path: Path
) -> None:
    """Greeted, asks, is answered by way of a tool of ours, breaks in, types, hangs up; and the call
    stands in the records as the page reported it.
    """
    provider.play(replies=REPLIES)
    # Said again to an agent that was not there yet or, on a busy machine, heard it badly.
    said = (10, ASK_HOURS, 9.5, "Please wait a moment.", 8)
    speech = conversation_file(tmp_path, *said * 3)
    microphone = f"--use-file-for-fake-audio-capture={speech}%noloop"
    received: list[str] = []
    async with open_tab("about:blank", CONSENT, FAKE_DEVICES, microphone) as tab:
        tab.on("response", lambda response: received.append(str(response.headers)))
        await tab.goto(f"{direct_page.url}?mode=direct")
        await tab.click("#connect")
        await words_for(tab, "live")
        await tab.locator("audio").wait_for(state="attached")
        assert await tab.evaluate(AGENT_IS_HEARD)
        await caption(tab, "caller", "open")
        await caption(tab, "agent", "nine until five")
        assert await last_line(tab, "agent", "nine until five") != ANSWER
        await caption(tab, "caller", "wait")
        await caption(tab, "agent", "Of course.")
        await tab.fill("#message", "Wait, please.")
        await tab.press("#message", "Enter")
        await caption(tab, "caller", "Wait, please.")
        await tab.click("#hangup")
        assert await words_for(tab, "ended") == "The call has ended."
        assert PROVIDER_KEY not in "".join(received)
    direct_page.stop(grace_s=5)
    kinds = await recorded(tmp_path)
    assert kinds["closed"].reason == "hung up"
    assert kinds["tool_ended"].tool == "opening_hours"
    assert kinds["tool_ended"].outcome == "done"
    assert {"client_reports", "turn_heard", "turn_spoken", "charged"} <= set(kinds)


async def last_line(tab: Tab, speaker: str, text: str) -> str:
    """What a line that holds a text says."""
    line = tab.locator(f"#captions li[data-speaker={speaker}]", has_text=text)
    return await line.last.inner_text()


async def recorded(folder: Path) -> dict[str, Any]:
    """The last event of each kind in the record of the only call."""
    url = f"sqlite:///{folder}/parley.sqlite3"
    database = Database(DatabaseSettings.model_validate({"PARLEY_DATABASE_URL": url}))
    try:
        store = CallStore(database)
        (call,) = (await store.page(CallQuery())).calls
        return {entry.event.kind: entry.event for entry in (await store.call(call.id)).entries}
    finally:
        await database.aclose()
