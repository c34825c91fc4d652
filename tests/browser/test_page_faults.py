"""What the page says when a call cannot be made or kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from livekit import api

from tests.browser.conftest import CONSENT, FAKE_DEVICES, FAKE_MICROPHONE, open_tab, words_for
from tests.caller.stack import API_KEY, API_SECRET, LiveKitServer, Page

pytestmark = pytest.mark.browser

METER_ABOVE_30 = """() => new Promise((resolve) => {
  const meter = document.querySelector("#meter");
  new MutationObserver(() => {
    if (Number(meter.getAttribute("aria-valuenow")) > 30) resolve();
  }).observe(meter, { attributes: true });
})"""

SETTLED_S = 60
"""Longer than any wait of these tests, for calls that shall not be given up meanwhile."""


async def test_the_page_invites_to_a_call(page: Page) -> None:
    """One button, one promise about the microphone, and nothing that breaks its own policy."""
    async with open_tab(page.url) as tab:
        assert await tab.title() == "Parley"
        assert await tab.is_visible("#connect")
        assert not await tab.is_visible("#hangup")
        assert "You will be speaking with an AI" in await tab.inner_text("main")


async def test_a_refused_microphone_is_explained(page: Page) -> None:
    """Who denied the microphone learns where to allow it."""
    async with open_tab(page.url, FAKE_DEVICES) as tab:
        await tab.context.grant_permissions([])  # everything not granted is denied
        await tab.click("#connect")
        assert "may not use your microphone" in await words_for(tab, "failed")
        assert await tab.get_attribute("body", "data-fault") == "microphone-refused"


async def test_a_missing_microphone_is_explained(page: Page) -> None:
    """Who has none is told to connect one."""
    async with open_tab(page.url, CONSENT, "--disable-audio-input") as tab:
        await tab.click("#connect")
        assert "No microphone was found" in await words_for(tab, "failed")


async def test_an_unreachable_call_server_is_explained(tmp_path: Path, closed_port: int) -> None:
    """A LiveKit server that is down is not the caller's fault."""
    settings = {
        "LIVEKIT_URL": f"ws://127.0.0.1:{closed_port}",
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
    }
    with Page(tmp_path, settings) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.click("#connect")
            assert "call server cannot be reached" in await words_for(tab, "failed")


async def test_a_page_left_open_explains_that_its_server_is_gone(
    tmp_path: Path, livekit_server: LiveKitServer
) -> None:
    """A call started after the web server went away fails with words, not with silence."""
    with Page(tmp_path, livekit_server.env) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            page.stop()
            await tab.click("#connect")
            assert "call server cannot be reached" in await words_for(tab, "failed")


async def test_a_refused_token_shows_the_servers_sentence(
    tmp_path: Path, livekit_server: LiveKitServer
) -> None:
    """Where nobody may call, the caller reads why the call was not accepted."""
    with Page(tmp_path, {**livekit_server.env, "PARLEY_ADMISSION": "nobody"}) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.click("#connect")
            assert "no rule that says who may call" in await words_for(tab, "failed")


async def test_a_token_that_livekit_refuses_is_explained(
    tmp_path: Path, livekit_server: LiveKitServer
) -> None:
    """Keys that do not match end in words for the caller."""
    wrong = {**livekit_server.env, "LIVEKIT_API_SECRET": "not-the-secret-that-the-server-knows"}
    with Page(tmp_path, wrong) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.click("#connect")
            assert "did not accept the call" in await words_for(tab, "failed")


async def test_a_call_that_no_agent_answers_is_given_up(lonely_page: Page) -> None:
    """The caller is not left waiting: after the page's time (20 s as delivered) it says so."""
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        assert await tab.get_attribute("body", "data-agent-timeout-s") == "20"
        await tab.evaluate("document.body.dataset.agentTimeoutS = '2'")
        await tab.click("#connect")
        assert "Waiting for the assistant" in await words_for(tab, "waiting")
        assert "No assistant has answered" in await words_for(tab, "failed")
        assert await tab.inner_text("#connect") == "Start a new call"


async def test_the_caller_can_hang_up_while_waiting(lonely_page: Page) -> None:
    """Hanging up needs no agent, and the page is ready for another call."""
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "waiting")
        await tab.click("#hangup")
        assert await words_for(tab, "ended") == "The call has ended."
        assert await tab.evaluate("document.activeElement.id") == "connect"


async def test_hanging_up_while_connecting_stays_hung_up(
    tmp_path: Path, unstarted_livekit: LiveKitServer
) -> None:
    """A call cancelled before it stood leaves nobody in a room."""
    with unstarted_livekit, Page(tmp_path, unstarted_livekit.env) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.evaluate(
                "for (const id of ['connect', 'hangup']) document.getElementById(id).click()"
            )
            assert await words_for(tab, "ended") == "The call has ended."
            await tab.click("#connect")  # whatever was under way is done when this call stands
            await words_for(tab, "waiting")
            async with api.LiveKitAPI(unstarted_livekit.url, API_KEY, API_SECRET) as livekit:
                rooms = (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms
            assert len(rooms) == 1


async def test_a_call_ended_from_the_other_side_says_so(
    tmp_path: Path, unstarted_livekit: LiveKitServer
) -> None:
    """When the room is closed the caller reads that the call has ended."""
    with unstarted_livekit, Page(tmp_path, unstarted_livekit.env) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.evaluate(f"document.body.dataset.agentTimeoutS = '{SETTLED_S}'")
            await tab.click("#connect")
            await words_for(tab, "waiting")
            async with api.LiveKitAPI(unstarted_livekit.url, API_KEY, API_SECRET) as livekit:
                (room,) = (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms
                await livekit.room.delete_room(api.DeleteRoomRequest(room=room.name))
            assert await words_for(tab, "ended") == "The call has ended."


async def test_a_lost_connection_is_restored_in_words(
    tmp_path: Path, unstarted_livekit: LiveKitServer
) -> None:
    """While the browser tries again the caller reads that it does, and the call goes on after."""
    with unstarted_livekit, Page(tmp_path, unstarted_livekit.env) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.evaluate(f"document.body.dataset.agentTimeoutS = '{SETTLED_S}'")
            await tab.click("#connect")
            await words_for(tab, "waiting")
            unstarted_livekit.stop()
            assert "Reconnecting" in await words_for(tab, "reconnecting")
            unstarted_livekit.start()
            assert "Waiting" in await words_for(tab, "waiting", timeout_s=40)


async def test_the_microphone_meter_moves(lonely_page: Page) -> None:
    """The caller sees that the page hears them: Chromium's fake microphone beeps each second."""
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await tab.evaluate(METER_ABOVE_30)


async def test_a_muted_microphone_is_not_heard(lonely_page: Page) -> None:
    """Muting silences the track and names the way back."""
    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "waiting")
        await tab.evaluate(METER_ABOVE_30)
        await tab.click("#mute")
        await tab.locator("#mute", has_text="Unmute").wait_for()
        await tab.wait_for_selector("#meter[aria-valuenow='0']")
        await tab.click("#mute")
        await tab.evaluate(METER_ABOVE_30)
        assert await tab.inner_text("#mute") == "Mute"


async def test_a_failed_call_can_be_tried_again(
    tmp_path: Path, unstarted_livekit: LiveKitServer
) -> None:
    """Once the call server is back the same page connects, without a reload."""
    with Page(tmp_path, unstarted_livekit.env) as page:
        async with open_tab(page.url, *FAKE_MICROPHONE) as tab:
            await tab.click("#connect")
            await words_for(tab, "failed")
            with unstarted_livekit:
                await tab.click("#connect")
                assert "Waiting" in await words_for(tab, "waiting")
                assert not await tab.is_visible("#alert")
                await tab.click("#hangup")
                await words_for(tab, "ended")
