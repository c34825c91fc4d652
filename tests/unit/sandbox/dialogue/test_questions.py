"""What is asked for, and how the answers are put together."""

from __future__ import annotations

import pytest

from agent.sandbox.dialogue import Message, respond
from tests.unit.sandbox.dialogue.offers import HOME, NOW, SHOP, Call, Caller, calls_of

CONVERSATIONS: list[tuple[list[tuple[str, str]], str, list[Call]]] = [
    (
        [
            ("book an appointment", "Which date?"),
            ("tomorrow", "At what time?"),
            ("at three", "What is the name?"),
        ],
        "it's Anna Smith",
        [("book_appointment", {"date": "2026-11-22", "time": "15:00", "name": "Anna Smith"})],
    ),
    (
        [("where is my order", "What is the order number?")],
        "four zero two one seven",
        [("find_order", {"order_number": "40217"})],
    ),
    (
        [("my order has not arrived", "What is the order number?")],
        "four zero two one seven",
        [("find_order", {"order_number": "40217"})],
    ),
    (
        [("speak another language", "Which language?")],
        "um Swedish please",
        [("switch_language", {"language": "Swedish"})],
    ),
    (
        [("what time is it in so", "Which place?")],
        "in new york please",
        [("time_in_place", {"place": "New York"})],
    ),
    (
        [("send a message", "Who is it for?"), ("Anna", "What is the text?")],
        "the weather is nice today",
        [("send_message", {"to": "Anna", "text": "the weather is nice today"})],
    ),
    (
        [
            ("book an appointment", "Which date?"),
            ("purple", "Sorry, I did not get that. Which date?"),
            ("monday at noon", "What is the name?"),
            ("what did you say", "What is the name?"),
        ],
        "bob",
        [("book_appointment", {"date": "2026-11-23", "time": "12:00", "name": "Bob"})],
    ),
    (
        [("what time is it", "Which place?")],
        "what's the weather in Rome",
        [("get_weather", {"location": "Rome"})],
    ),
    (
        [
            ("what time is it", "Which place?"),
            ("how are you", "I am fine, thank you. How can I help? Which place?"),
        ],
        "Paris",
        [("time_in_place", {"place": "Paris"})],
    ),
    (
        [
            (
                "I want to send an email to anna dot smith at example dot com",
                "What is the subject?",
            ),
            ("lunch", "What is the body?"),
        ],
        "see you at noon",
        [
            (
                "sendEmail",
                {"to": "anna.smith@example.com", "subject": "lunch", "body": "see you at noon"},
            )
        ],
    ),
    (
        [
            ("reserve a table", "What is the party size?"),
            ("four", "On which day and at what time?"),
        ],
        "tomorrow at eight in the evening",
        [("reserve_table", {"party_size": 4, "at": "2026-11-22T20:00:00+00:00"})],
    ),
    ([("set a timer", "How many minutes?")], "i said ten", [("set_timer", {"minutes": 10})]),
    (
        [("a shopping list please", "What items should I take?")],
        "milk and eggs",
        [("shopping_list", {"items": ["milk", "eggs"]})],
    ),
]


@pytest.mark.parametrize(
    ("before", "last", "expected"), CONVERSATIONS, ids=[c[0][0][0] for c in CONVERSATIONS]
)
def test_missing_arguments_are_asked_for_and_combined(
    before: list[tuple[str, str]], last: str, expected: list[Call]
) -> None:
    """What is missing is asked for; the call joins the answers with what was said before."""
    caller = Caller(SHOP + HOME)
    assert [caller.say(said).text for said, _ in before] == [asked for _, asked in before]
    assert calls_of(caller.say(last)) == expected


def test_a_request_is_repeated_with_another_value() -> None:
    """The same is asked of another place by "and in Paris?"."""
    caller = Caller(SHOP)
    caller.say("what time is it in London")
    for said, place in (("and in Paris?", "Paris"), ("what about new york", "New York")):
        assert calls_of(caller.say(said)) == [("time_in_place", {"place": place})]
    assert caller.say("and thanks").tool_calls == ()


@pytest.mark.parametrize("said", ["never mind", "No, thanks.", "actually forget it", "cancel that"])
def test_the_caller_can_cancel(said: str) -> None:
    """A cancelled request is closed: the next words are no answer to its question."""
    caller = Caller(SHOP)
    caller.say("where is my order")
    assert caller.say(said).text == "All right, never mind."
    assert caller.say("Paris").tool_calls == ()


def test_not_knowing_is_no_answer() -> None:
    """Nobody's name or place is "I don't know"."""
    caller = Caller(SHOP)
    caller.say("what time is it")
    assert caller.say("um I don't know").text == "Sorry, I did not get that. Which place?"


@pytest.mark.parametrize("heard", ["Which", "", "Which place"])
def test_a_question_cut_off_by_the_caller_is_still_open(heard: str) -> None:
    """The caller may answer before the question ends, or before any of it was played."""
    messages = [Message("user", "what time is it"), Message("assistant", heard)]
    reply = respond([*messages, Message("user", "Paris")], SHOP, now=NOW)
    assert calls_of(reply) == [("time_in_place", {"place": "Paris"})]


def test_another_answer_of_the_assistant_closes_the_question() -> None:
    """Where the assistant said something else, later words do not answer what was never asked."""
    messages = [Message("user", "what time is it"), Message("assistant", "We are closed today.")]
    assert respond([*messages, Message("user", "Paris")], SHOP, now=NOW).tool_calls == ()


def test_nothing_is_remembered_between_replies() -> None:
    """The same messages give the same reply, whatever was asked in between."""
    messages = [
        Message("user", "book an appointment for Anna"),
        Message("assistant", "Which date?"),
        Message("user", "tomorrow at three"),
    ]
    first = calls_of(respond(messages, SHOP, now=NOW))
    Caller(SHOP).say("where is my order")
    assert calls_of(respond(list(messages), SHOP, now=NOW)) == first
    assert first == [("book_appointment", {"date": "2026-11-22", "time": "15:00", "name": "Anna"})]
