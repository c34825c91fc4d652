"""What reaches the page from outside: refusals, hostile words, events, devices that go."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import Request, Response, Route, WebSocket

from tests.browser.conftest import CANARIES, FAKE_MICROPHONE, open_tab, words_for
from tests.browser.scripted_agent import WEATHER
from tests.browser.test_page_looks import call
from tests.caller.stack import API_SECRET, LiveKitServer, Page

pytestmark = pytest.mark.browser

REFUSALS = (
    (401, "pass_expired", "Your link has expired.", None, "need a valid link"),
    (403, "not_admitted", "You are not on the list.", None, "may not make calls here"),
    (429, "too_many_requests", "Five calls an hour.", "90", "try again in 90 seconds"),
    (503, "budget_spent", "The day is spent.", "7200", "try again in 2 hours"),
    (418, "teapot", "<b>No</b> \u202eadmission", None, "did not accept the call"),
)
RTL = "\u202e"
HOSTILE = (
    f"<script>document.title='x'</script><img src=x onerror=document.title='x'>{RTL}\x00\x1b[2J"
)
KEEP_TRACKS = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.opened = [];
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await open(constraints);
  window.opened.push(...stream.getAudioTracks());
  return stream;
};
"""


async def test_a_refusal_is_told_in_words_with_the_time_to_wait(lonely_page: Page) -> None:
    """By its status, in the server's own sentence, and as text."""
    answer: dict[str, object] = {}

    async def refuse(route: Route) -> None:
        await route.fulfill(**answer)  # type: ignore[arg-type]

    async with open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab:
        await tab.route("**/api/token", refuse)
        for status, code, sentence, wait, words in REFUSALS:
            answer.update(
                status=status,
                body=json.dumps({"code": code, "message": sentence}).ljust(1024),
                headers={"Content-Type": "application/json"}
                | ({"Retry-After": wait} if wait else {}),
            )
            await tab.click("#connect")
            await tab.locator("#alert", has_text=sentence.replace(RTL, "")).wait_for()
            assert words in await words_for(tab, "failed")
        assert await tab.locator("#alert b").count() == 0
        await tab.select_option("#choose-lang", "ko")
        assert "서버가 통화를" in await tab.inner_text("#alert")


async def test_a_pass_in_the_link_is_shown_to_the_server_alone(lonely_page: Page) -> None:
    """It leaves the address, goes with each request as a bearer, and outlives a reload in this
    tab.
    """
    seen: list[tuple[str, str | None]] = []

    def note(request: Request) -> None:
        if "/api/" in request.url:
            seen.append((request.url, request.headers.get("authorization")))

    async with open_tab(f"{lonely_page.url}?lang=en#pass=a.pass-of_mine", *FAKE_MICROPHONE) as tab:
        tab.on("request", note)
        assert "pass" not in tab.url
        await tab.click("#connect")
        await words_for(tab, "waiting")
        await tab.click("#hangup")
        await tab.reload()
        await tab.click("#connect")
        await words_for(tab, "waiting")
    asked = [authorization for url, authorization in seen if url.endswith("/api/token")]
    assert asked == ["Bearer a.pass-of_mine"] * 2
    assert not [url for url, _ in seen if "mine" in url]


async def test_hostile_words_change_nothing_but_text(
    lonely_page: Page, livekit_server: LiveKitServer
) -> None:
    """Markup, characters that turn the line round, and a megabyte without a space."""
    async with (
        open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab,
        call(tab, livekit_server) as agent,
    ):
        await agent.say(f"one {HOSTILE}")
        await agent.hear(f"two {HOSTILE}")
        await agent.use("weather", {**WEATHER, "place": f"Lisbon {HOSTILE}"})
        await agent.tell("handed_over", before="a", persona=HOSTILE, back=False)
        await agent.tell("tool_finished", run="r", tool="x", card={"kind": "weather", "day": "?"})
        await agent.tell("no_such_event", text=HOSTILE)
        await tab.locator("#captions .note").wait_for()
        began = time.monotonic()
        await agent.say("W" * 1_000_000)
        cut = tab.locator("#captions li", has_text="[…]")
        await cut.wait_for()
        await agent.say("and that was all")
        await tab.locator("#captions li", has_text="that was all").wait_for()
        assert time.monotonic() - began < 5
        assert len(await cut.inner_text()) < 5_000
        texts = "".join(await tab.locator("#captions li").all_inner_texts())
        assert texts.count("<script>document.title='x'</script>") == 4
        assert not {RTL, "\x00", "\x1b"} & set(texts)
        assert await tab.locator("#captions").locator("script, img").count() == 0
        assert await tab.title() == "Parley"
        await tab.fill("#message", "are you still there")
        await tab.press("#message", "Enter")
        await tab.locator("#captions [data-speaker=caller]", has_text="still there").wait_for()


async def test_events_are_shown_and_a_thumb_reaches_the_agent(
    lonely_page: Page, livekit_server: LiveKitServer
) -> None:
    """What a tool does and found, who speaks now, and what it costs."""
    async with (
        open_tab(lonely_page.url, *FAKE_MICROPHONE) as tab,
        call(tab, livekit_server) as agent,
    ):
        await agent.be("thinking")
        await tab.locator("#status", has_text="Thinking").wait_for()
        await agent.tell("tool_started", run="r", tool="weather", arguments={})
        await tab.locator("#status", has_text="Checking the weather").wait_for()
        await agent.tell("tool_finished", run="r", tool="weather", card=WEATHER)
        card = tab.locator("[data-card=weather]")
        await card.wait_for()
        for words in ("Lisbon", "Thursday", "17", "Rain", "60 %"):
            assert words in await card.inner_text()
        await tab.locator("#status", has_text="Thinking").wait_for()
        await agent.tell("handed_over", before="frontdesk", persona="billing", back=False)
        await tab.get_by_text("Now talking with: Billing desk").wait_for()
        assert not await tab.is_visible("#cost")
        await agent.tell("cost_changed", spent_usd="0.012300", rate_usd_per_minute="0.041000")
        await tab.locator("#cost", has_text="$0.0123 · $0.041 a minute").wait_for()
        await tab.click("#thumb-up")
        async with asyncio.timeout(5):
            assert await agent.feedback.get() == {"rating": "up"}
        await tab.locator("#thumb-up[aria-pressed=true]").wait_for()
        assert await tab.is_visible("#rating-thanks")
        assert (await tab.inner_text("#time")).startswith("0:")


async def test_devices_can_be_changed_and_may_go_in_a_call(
    lonely_page: Page, livekit_server: LiveKitServer
) -> None:
    """Another microphone is opened in its place, with the processing that was chosen; one that is
    pulled out is replaced by the default, and the caller reads so.
    """
    latest = "window.opened.at(-1)"
    async with open_tab("about:blank", *FAKE_MICROPHONE) as tab:
        await tab.add_init_script(KEEP_TRACKS)
        await tab.goto(lonely_page.url)
        async with call(tab, livekit_server):
            before = await tab.evaluate(f"{latest}.label")
            await tab.click("#open-settings")
            assert not await tab.is_visible("#test-microphone")
            options = tab.locator("#choose-microphone option")
            await options.nth(2).wait_for(state="attached")
            labels = await options.all_inner_texts()
            other = next(label for label in labels[1:] if label != before)
            await tab.select_option("#choose-microphone", label=other)
            await until(tab, f"{latest}.label === {json.dumps(other)}")
            await tab.uncheck("#switch-noise")
            await until(tab, f"{latest}.getSettings().noiseSuppression === false")
            await tab.click("#close-settings")
            assert not await tab.is_visible("#alert")
            await tab.evaluate(f"{latest}.dispatchEvent(new Event('ended'))")
            await tab.get_by_text("Your microphone is gone.").wait_for()
            await until(tab, "Number(document.querySelector('#meter').ariaValueNow) > 30")
            await tab.reload()
            await words_for(tab, "live")
            await tab.click("#open-settings")
            assert not await tab.is_checked("#switch-noise")


async def test_nothing_secret_reaches_the_browser(
    lonely_page: Page, livekit_server: LiveKitServer
) -> None:
    """Of all that a browser is sent in a call, scripts and frames included, nothing holds a key."""
    responses: list[Response] = []
    frames: list[bytes] = []

    def keep(response: Response) -> None:
        responses.append(response)

    def listen(socket: WebSocket) -> None:
        for event in ("framereceived", "framesent"):
            socket.on(
                event, lambda data: frames.append(data.encode() if isinstance(data, str) else data)
            )

    async with open_tab("about:blank", *FAKE_MICROPHONE) as tab:
        tab.on("response", keep)
        tab.on("websocket", listen)
        await tab.goto(lonely_page.url)
        async with call(tab, livekit_server) as agent:
            await agent.say("Hello.")
            await tab.locator("#captions li").wait_for()
        answers = [await response.body() for response in responses]
        for path in ("calls", "api/offer", "api/events.schema.json", "api/calls", "nowhere"):
            answers.append(await (await tab.request.get(f"{lonely_page.url}{path}")).body())
        headers = [json.dumps(await response.all_headers()) for response in responses]
    received = b"".join([*answers, "".join(headers).encode()])
    assert len(received) > 500_000
    assert frames
    for secret in (*CANARIES, API_SECRET):
        for form in (secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")):
            assert form not in received
            assert form not in b"".join(frames)


async def until(tab: Tab, condition: str) -> None:
    """Wait for it; Playwright's own waiting evaluates texts, which the page's policy forbids."""
    async with asyncio.timeout(10):
        while not await tab.evaluate(condition):  # noqa: ASYNC110 - only the page knows
            await asyncio.sleep(0.05)
