"""Whole calls through the page, in a real browser with a real agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import TimeoutError as NotInTime

from tests.browser.conftest import (
    CONSENT,
    FAKE_DEVICES,
    FAKE_MICROPHONE,
    open_tab,
    slowly,
    words_for,
)
from tests.browser.microphone_file import REPEATS, conversation_file, microphone_file
from tests.caller.expectations import (
    ANSWERS,
    ASK_HOURS,
    ASK_PRICE,
    ASK_STORY,
    HEAR_HOURS,
    HEAR_PRICE,
    STORY,
)
from tests.caller.stack import Stack

pytestmark = pytest.mark.browser

AGENT_IS_HEARD = """() => new Promise((resolve) => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const voice = document.querySelector("audio").srcObject;
  context.createMediaStreamSource(voice).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loud = 0;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
    if (rms > 0.01) loud += 1;
    if (loud < 10) return;
    clearInterval(timer);
    resolve(true);
  }, 20);
})"""
"""Resolves once the agent's track has been audible, above -40 dBFS, for 10 windows of 20 ms."""


NO_SOUND_BEFORE_A_CLICK = """
const play = HTMLMediaElement.prototype.play;
let clicked = false;
addEventListener("click", (event) => { clicked ||= event.target.id === "unlock"; }, true);
HTMLMediaElement.prototype.play = function () {
  return clicked ? play.call(this) : Promise.reject(new DOMException("", "NotAllowedError"));
};
"""
"""A browser stricter than Chromium, which lets a page that records also play."""


async def caption(tab: Tab, speaker: str, text: str, *, timeout_s: float = 45) -> None:
    """Wait for a final line of a speaker that holds a text."""
    line = tab.locator(f"#captions li[data-speaker={speaker}][data-final=true]", has_text=text)
    try:
        await line.first.wait_for(timeout=timeout_s * 1000)
    except NotInTime:
        said = await tab.inner_text("#captions")
        raise AssertionError(f"no final line of the {speaker} with {text!r} in:\n{said}") from None


@pytest.mark.parametrize("pipeline", ["realtime", "cascade"])
async def test_a_visitor_talks_with_the_agent(stack: Stack, tmp_path: Path, pipeline: str) -> None:
    """Press the button, be greeted, ask, hear and read the answer, type, hang up."""
    stack.sandbox.play(replies=ANSWERS)
    speech = microphone_file(tmp_path, ASK_HOURS)
    microphone = f"--use-file-for-fake-audio-capture={speech}%noloop"
    url = f"{stack.page_url}?pipeline={pipeline}"
    async with open_tab(url, CONSENT, FAKE_DEVICES, microphone) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        await tab.locator("audio").wait_for(state="attached")
        assert await tab.evaluate(AGENT_IS_HEARD)
        await caption(tab, "agent", "help you")
        await caption(tab, "caller", "you open")
        await caption(tab, "agent", HEAR_HOURS)
        await tab.fill("#message", ASK_PRICE)
        await tab.press("#message", "Enter")
        await caption(tab, "caller", ASK_PRICE)
        await caption(tab, "agent", HEAR_PRICE)
        await tab.click("#hangup")
        assert await words_for(tab, "ended") == "The call has ended."


async def test_the_first_words_are_not_lost(stack: Stack, tmp_path: Path) -> None:
    """Who speaks as soon as the button is pressed is answered, though the agent comes only after
    the last word.
    """
    stack.sandbox.play(replies=ANSWERS)
    speech = conversation_file(tmp_path, 0.2, ASK_HOURS, 60.0)
    microphone = f"--use-file-for-fake-audio-capture={speech}%noloop"
    async with open_tab(stack.page_url, CONSENT, FAKE_DEVICES, microphone) as tab:
        await tab.route("**/api/token", slowly)
        await tab.click("#connect")
        await caption(tab, "caller", "open")
        await caption(tab, "agent", HEAR_HOURS)


async def test_the_agent_can_be_talked_over(stack: Stack, tmp_path: Path) -> None:
    """It falls silent, its line ends where it was stopped, and the new question is answered."""
    stack.sandbox.play(replies=[*STORY, *ANSWERS])
    said = (8.0, ASK_STORY, 6.0, ASK_HOURS, 14.0)
    speech = conversation_file(tmp_path, *said * REPEATS)
    microphone = f"--use-file-for-fake-audio-capture={speech}%noloop"
    async with open_tab(stack.page_url, CONSENT, FAKE_DEVICES, microphone) as tab:
        await tab.click("#connect")
        story = tab.locator("#captions li[data-speaker=agent]", has_text="river")
        await story.first.wait_for(timeout=45_000)
        await caption(tab, "agent", HEAR_HOURS)
        assert "the basket." not in await story.first.inner_text()


async def test_the_agents_state_is_shown_in_words(stack: Stack) -> None:
    """The caller reads when the agent speaks and when it listens."""
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        for state, words in (("speaking", "Speaking"), ("listening", "Listening")):
            await tab.wait_for_selector(f"body[data-agent-state={state}]")
            await tab.locator("#status", has_text=words).wait_for()


async def test_what_is_typed_stays_text(stack: Stack) -> None:
    """Markup in a message is shown, not obeyed."""
    message = "<img src=x onerror=document.title='broken'>"
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        await tab.fill("#message", message)
        await tab.click("#send")
        await caption(tab, "caller", message)
        assert await tab.locator("#captions img").count() == 0
        assert await tab.title() == "Parley"


async def test_an_unknown_option_in_the_address_is_refused_in_words(stack: Stack) -> None:
    """A link with a pipeline that does not exist says so when the call is started."""
    async with open_tab(f"{stack.page_url}?pipeline=telepathy", *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        assert "'pipeline' is not valid" in await words_for(tab, "failed")


async def test_a_call_that_the_agent_ends_is_over_on_the_page(stack: Stack) -> None:
    """After the agent's goodbye the page says that the call has ended and offers a new one."""
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.click("#connect")
        await words_for(tab, "live")
        await tab.click("#mute")  # the fake microphone's beeps would talk over the goodbye
        await tab.fill("#message", "Thank you. Please hang up now.")
        await tab.click("#send")
        assert await words_for(tab, "ended", timeout_s=40) == "The call has ended."
        assert await tab.is_visible("#connect")


async def test_a_browser_that_blocks_sound_is_asked_for_it(stack: Stack) -> None:
    """Where sound needs a click of its own there is a button for it, until it was pressed."""
    async with open_tab(stack.page_url, *FAKE_MICROPHONE) as tab:
        await tab.add_init_script(NO_SOUND_BEFORE_A_CLICK)
        await tab.reload()
        await tab.click("#connect")
        await tab.click("#unlock")
        await tab.locator("#unlock").wait_for(state="hidden")
        assert not await tab.evaluate("document.querySelector('audio').paused")
