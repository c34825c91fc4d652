"""Leaving a message."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from agent.call.ledger import as_request
from agent.call.state import CallerIdentity, CallState
from agent.errors import ToolError
from tests.fakes.business import FakeMessageBox, business_call
from tools.messages import take_message

PHONE = CallerIdentity(identity="sip_+493012345678", phone_number="+493012345678")


async def asked(call: CallState, **arguments: Any) -> str:
    assert take_message.policy.confirm is not None
    question = take_message.policy.confirm(call, **arguments)
    return await question if inspect.isawaitable(question) else question


async def test_a_message_is_left_with_the_number_of_the_line() -> None:
    """Who calls by phone need not say their number."""
    box = FakeMessageBox()
    call = business_call(caller=PHONE, messages=box)
    with as_request("key"):
        await take_message.run(call, {"name": "Anna", "text": "I will be late."})
    assert (box.left["key"].phone_number, box.left["key"].text) == (
        "+493012345678",
        "I will be late.",
    )
    assert call.facts["name"] == "Anna"


@pytest.mark.parametrize(
    ("region", "caller", "given"),
    [
        (None, None, "+49 30 12345679"),
        ("DE", None, "030 12345679"),
        (None, PHONE, "030 12345679"),
    ],
)
async def test_a_number_that_is_said_is_kept_in_one_form(
    region: str | None, caller: CallerIdentity | None, given: str
) -> None:
    """With its country's code, or that of the business, or that of the caller's own number."""
    box = FakeMessageBox(phone_region=region)
    call = business_call(caller=caller, messages=box)
    await take_message.run(call, {"name": "Anna", "text": "Hi", "phone_number": given})
    assert box.left[0].phone_number == "+493012345679"


@pytest.mark.parametrize("given", ["5551234", "+49 1", "my number", "+" + "9" * 30])
async def test_an_incomplete_number_is_asked_for_again(given: str) -> None:
    """Nothing is left with a number that nobody can call."""
    box = FakeMessageBox()
    call = business_call(messages=box)
    for attempt in (asked, lambda call, **values: take_message.run(call, values)):
        with pytest.raises(ToolError, match="Ask for it again, with the country code"):
            await attempt(call, name="Anna", text="Hi", phone_number=given)
    assert not box.left


async def test_the_question_reads_name_number_and_message_back() -> None:
    """What was misheard is heard by the caller."""
    call = business_call(caller=PHONE)
    assert await asked(call, name="Anna", text="I will be late.") == (
        "Shall I leave this message from Anna, to be called back at plus four nine three zero one"
        " two three four five six seven eight: I will be late?"
    )


async def test_a_long_message_is_read_back_in_part() -> None:
    """Nobody listens to a minute of their own words."""
    question = await asked(business_call(), name="Anna", text="word " * 190)
    assert "with no number" in question
    assert question.endswith("word, and so on?")
    assert len(question) < 300
