"""What agents with confirmed tools, marked results and several personas ask of a model."""

from __future__ import annotations

from agent.sandbox.dialogue import Message, Reply, Tool, ToolCall, respond
from tests.unit.sandbox.dialogue.offers import (
    APPOINTMENT,
    END_CALL,
    NOW,
    ORDER,
    TIME,
    WEATHER,
    takes,
)

ARGUMENTS = {"date": "2026-11-24", "time": "15:00", "name": "Anna"}
WAITING = (
    'Nothing was done yet. The caller is being asked: "Shall I?" Say nothing until they answer.'
    " If they say yes, call this again with the same arguments."
)


def after_the_question(answer: str, *, result: str = WAITING) -> Reply:
    """What follows on the caller's answer to a question of the agent's own."""
    talk = [
        Message("user", "Book an appointment for Anna on Tuesday at three."),
        Message("assistant", tool_calls=(ToolCall("book_appointment", ARGUMENTS, "call_1"),)),
        Message("tool", result, call_id="call_1"),
        Message("assistant", "Shall I book Tuesday at three for Anna?"),
        Message("user", answer),
    ]
    return respond(talk, [APPOINTMENT], now=NOW)


def test_a_yes_repeats_the_call_that_waits_for_it() -> None:
    """With the same arguments, as the tool's answer has asked for."""
    for answer in ("Yes.", "Yes, please.", "Okay, go ahead."):
        (call,) = after_the_question(answer).tool_calls
        assert (call.name, call.arguments) == ("book_appointment", ARGUMENTS)


def test_what_to_call_next_is_not_read_aloud() -> None:
    """It is for the model; a yes obeys it."""
    result = "It was not understood. If they say yes, call this again with the same arguments."
    talk = [
        Message("user", "Book an appointment for Anna on Tuesday at three."),
        Message("assistant", tool_calls=(ToolCall("book_appointment", ARGUMENTS, "call_1"),)),
        Message("tool", result, call_id="call_1"),
    ]
    assert respond(talk, [APPOINTMENT], now=NOW).text == "It was not understood."
    assert after_the_question("Yes, please.", result=result).tool_calls


def test_a_no_repeats_nothing() -> None:
    """Nor does a yes where nothing waits for one."""
    assert after_the_question("No, thanks.").tool_calls == ()
    assert after_the_question("Yes, please.", result="Booked.").tool_calls == ()


def test_marks_around_data_are_not_read_aloud() -> None:
    """The words between them are."""
    talk = [
        Message("user", "What is the news?"),
        Message("assistant", tool_calls=(ToolCall("news", {}, "call_1"),)),
        Message("tool", '<data source="news">\nThe bridge is open.\n</data>', call_id="call_1"),
    ]
    assert respond(talk, [Tool("news", "The latest news.", takes({}))], now=NOW).text == (
        "The bridge is open."
    )


def test_who_asks_for_what_is_theirs_is_told_what_there_is() -> None:
    """A question for when it is goes to the tool that lists them."""
    listing = Tool("list_appointments", "List the appointments that the caller has.", takes({}))
    offered = [APPOINTMENT, listing, ORDER, TIME, WEATHER, END_CALL]
    reply = respond([Message("user", "When is my appointment?")], offered, now=NOW)
    assert [call.name for call in reply.tool_calls] == ["list_appointments"]


def test_who_takes_over_says_who_they_are() -> None:
    """An opening for the caller's ear, whatever they have said to somebody else before."""
    reply = respond(
        [Message("system", "You are Parley, at the billing desk."), Message("user", "My bill.")],
        instructions="You have just taken over this call. Open with who you are, in a few words.",
        now=NOW,
    )
    assert "Parley" in reply.text
