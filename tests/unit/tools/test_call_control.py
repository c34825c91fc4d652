"""What a caller can ask for about the call itself."""

from __future__ import annotations

import pytest

from agent.call.state import CallState
from agent.errors import ToolError
from tests.fakes.business import business_call
from tests.fakes.control import FakeControl
from tools.call_control import (
    end_call,
    hold,
    repeat_last,
    send_dtmf,
    speak_faster,
    speak_slower,
    stop_recording,
    switch_language,
    transfer_call,
)
from tools.languages import find_language


@pytest.fixture
def control() -> FakeControl:
    """What the call is controlled with."""
    return FakeControl(transfer_targets=("reception", "Sales Team"))


@pytest.fixture
def call(control: FakeControl) -> CallState:
    """A call under that control."""
    call = business_call()
    call.control = control
    return call


async def test_the_call_ends_after_a_goodbye(call: CallState, control: FakeControl) -> None:
    """The model is asked for one, and it cannot be talked over."""
    assert "goodbye" in await end_call.run(call, {})
    assert control.done == [("hang up", None)]
    assert not end_call.policy.interruptible


@pytest.mark.parametrize("asked", ["sales team", "sales-team", "SALES TEAM"])
async def test_a_caller_is_put_through_by_name(
    call: CallState, control: FakeControl, asked: str
) -> None:
    """However the name is written."""
    assert "put through to Sales Team" in await transfer_call.run(call, {"to": asked})
    assert control.done == [("transfer", "Sales Team")]


@pytest.mark.parametrize("asked", ["+4930123456", "sip:me@evil.example", "tel:+4930123456", ""])
async def test_nobody_else_can_be_called(call: CallState, control: FakeControl, asked: str) -> None:
    """A number that a model names goes nowhere: only the configured names do."""
    with pytest.raises(ToolError, match="reception or Sales Team only"):
        await transfer_call.run(call, {"to": asked})
    assert control.done == []


async def test_without_targets_a_message_is_offered(call: CallState, control: FakeControl) -> None:
    """There is nobody to put through to."""
    control.transfer_targets = ()
    with pytest.raises(ToolError, match="take a message"):
        await transfer_call.run(call, {"to": "reception"})


async def test_waiting_is_said_once_and_then_is_silent(
    call: CallState, control: FakeControl
) -> None:
    """What is heard while the agent waits is answered with nothing."""
    assert await hold.run(call, {"minutes": 2})
    assert await hold.run(call, {"minutes": 2}) == ""
    assert control.done == [("hold", 120.0), ("hold", 120.0)]


async def test_keys_are_sent_without_what_is_written_between_them(
    call: CallState, control: FakeControl
) -> None:
    """A menu hears digits, star and pound."""
    await send_dtmf.run(call, {"digits": "40-21 #"})
    assert control.done == [("dtmf", "4021#")]


@pytest.mark.parametrize("digits", ["", "one", "12a", "1" * 33, "٣"])
async def test_other_keys_do_not_exist(call: CallState, digits: str) -> None:
    """Nothing else is sent to a telephone."""
    with pytest.raises(ToolError):
        await send_dtmf.run(call, {"digits": digits})


async def test_another_language_is_heard_and_spoken(call: CallState, control: FakeControl) -> None:
    """The call knows it too, for what it says by itself."""
    said = await switch_language.run(call, {"language": "German"})
    assert "speak German" in said
    assert control.done == [("language", "de")]
    assert call.language == "de"


async def test_an_unknown_language_is_asked_about(call: CallState) -> None:
    """And nothing changes."""
    with pytest.raises(ToolError, match="which language"):
        await switch_language.run(call, {"language": "Klingon"})
    assert call.language == "en"


@pytest.mark.parametrize(
    ("asked", "tag"),
    [("Deutsch", "de"), ("de-AT", "de"), ("EN", "en"), ("한국어", "ko"), (" French ", "fr")],
)
def test_languages_have_many_names(asked: str, tag: str) -> None:
    """Their own, English ones, and tags."""
    found = find_language(asked)
    assert found is not None
    assert found.tag == tag


async def test_slower_has_an_end(call: CallState) -> None:
    """Then the model uses fewer words instead."""
    assert "slower now" in await speak_slower.run(call, {})
    assert "slower now" in await speak_slower.run(call, {})
    assert "cannot speak any slower" in await speak_slower.run(call, {})


async def test_slower_and_faster_cancel_each_other(call: CallState, control: FakeControl) -> None:
    """A step back is a step back."""
    await speak_slower.run(call, {})
    assert "faster now" in await speak_faster.run(call, {})
    assert control.pace == pytest.approx(1.0)


async def test_the_last_words_are_said_again(call: CallState, control: FakeControl) -> None:
    """As they were heard, not as the model would put them now."""
    control.last = "We are open from nine to five."
    assert "We are open from nine to five." in await repeat_last.run(call, {})


async def test_before_the_first_words_there_is_nothing_to_repeat(call: CallState) -> None:
    """The model is told to ask what it can do."""
    with pytest.raises(ToolError, match="said nothing yet"):
        await repeat_last.run(call, {})


async def test_who_does_not_want_to_be_recorded_any_more_is_not(
    call: CallState, control: FakeControl
) -> None:
    """The model is told what has become of the recording."""
    assert "nothing of what is said is kept" in await stop_recording.run(call, {})
    assert control.done == [("stop recording", None)]


async def test_what_is_not_for_the_caller_to_decide_is_said(
    call: CallState, control: FakeControl
) -> None:
    """Where the operator does not ask for consent."""
    control.asked_for_consent = False
    with pytest.raises(ToolError, match="cannot be changed"):
        await stop_recording.run(call, {})
