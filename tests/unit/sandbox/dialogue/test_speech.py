"""What is said: results, instructions for one reply, small talk."""

from __future__ import annotations

import pytest

from agent.sandbox.dialogue import Message, ToolCall, respond
from tests.unit.sandbox.dialogue.offers import NOW, SHOP, Caller

PERSONA = 'You are Parley, a friendly voice agent. Never say "I am a robot".'
GREETING = "Hello, this is Parley. How can I help you?"

RESULTS = [
    ("It is 3 pm in Paris.", "It is 3 pm in Paris."),
    (
        '{"temperature": 21, "sky": "clear", "on": "2026-11-22"}',
        "Temperature is 21, sky is clear, on is 22 November 2026.",
    ),
    ('{"message": "Your order is on its way."}', "Your order is on its way."),
    ('["red", "green", "blue"]', "Red, green and blue."),
    ("[]", "Nothing was found."),
    ("42", "42."),
    ("true", "Yes."),
    ("null", "Done."),
    ("", "Done."),
    ('{"error": "no such order"}', "Sorry, that did not work. No such order."),
    ('{"error": {"message": "too late"}}', "Sorry, that did not work. Too late."),
    ('{"ok": false, "message": "card declined"}', "Sorry, that did not work. Card declined."),
    ("An internal error occurred", "Sorry, that did not work."),
    ("Error: timeout", "Sorry, that did not work. Timeout."),
    ("say goodbye to the user", "Goodbye, and thank you for calling."),
    (
        "The call ends after your next sentence. Say a short goodbye.",
        "Goodbye, and thank you for calling.",
    ),
    (
        "That place is not known. Ask for a large city nearby.",
        "That place is not known. Could you tell me a large city nearby?",
    ),
    (
        "No order has that number. Offer to search by date.",
        "No order has that number. Would you like me to search by date?",
    ),
]


@pytest.mark.parametrize(("output", "spoken"), RESULTS, ids=[output for output, _ in RESULTS])
def test_a_result_is_said_in_words(output: str, spoken: str) -> None:
    """Plain text is said as it is, JSON as a phrase, an error as one, an instruction is obeyed."""
    call = ToolCall("get_weather", {"location": "Paris"}, "call_1")
    messages = [
        Message("user", "weather in Paris"),
        Message("assistant", tool_calls=(call,)),
        Message("tool", output, call_id="call_1"),
    ]
    assert respond(messages, SHOP, now=NOW).text == spoken


INSTRUCTIONS = [
    ('Say exactly: "We open at nine."', "We open at nine."),
    ("Say: we open at nine", "we open at nine"),
    ('Greet the caller with "Good day!" and wait.', "Good day!"),
    ("Greet the user and offer your assistance.", GREETING),
    ("say goodbye to the user", "Goodbye, and thank you for calling."),
    ("Apologise for the delay.", "I am sorry for the delay."),
    ("Tell the caller that their order has shipped.", "Your order has shipped."),
    ("Tell the user you are transferring them.", "I am transferring you."),
    ("Ask the caller for their order number.", "What is your order number?"),
    ("Ask if they are still there", "Are you still there?"),
]


@pytest.mark.parametrize(("wish", "spoken"), INSTRUCTIONS, ids=[wish for wish, _ in INSTRUCTIONS])
def test_instructions_for_one_reply_are_followed(wish: str, spoken: str) -> None:
    """Instructions are heard as a parameter, after the persona's text, or as a last message."""
    persona = Message("system", PERSONA)
    asked = Message("user", "hello")
    assert respond([persona], instructions=wish, now=NOW).text == spoken
    assert respond([persona, asked], instructions=f"{PERSONA}\n{wish}", now=NOW).text == spoken
    assert respond([persona, asked, Message("system", wish)], now=NOW).text == spoken


def test_a_tone_is_no_sentence() -> None:
    """Instructions that only set a tone leave the answer to what was asked."""
    reply = respond([Message("user", "count to three")], instructions="Be brief.", now=NOW)
    assert reply.text == "One, two, three."


def test_a_persona_alone_is_greeted_with() -> None:
    """Before anyone has spoken the reply is a greeting with the agent's name."""
    assert respond([Message("system", PERSONA)], now=NOW).text == GREETING
    assert respond([], now=NOW).text == "Hello. How can I help you?"


TALK = [
    ("how are you?", "I am fine, thank you. How can I help?"),
    ("Thank you very much", "You are welcome."),
    ("what's your name", "My name is Parley."),
    ("who are you", "I am Parley, speaking from the offline sandbox."),
    ("can you hear me", "Yes, I can hear you."),
    ("count to ten", "One, two, three, four, five, six, seven, eight, nine, ten."),
    ("count down from five", "Five, four, three, two, one."),
    ("could you please count from eight to twelve", "Eight, nine, ten, eleven, twelve."),
    ("how do you spell banana", "B, A, N, A, N, A."),
    ("what is two plus three", "2 plus 3 is 5."),
    ("Ten divided by four?", "10 divided by 4 is 2.5."),
    ("what is 17 times 3", "17 times 3 is 51."),
    ("repeat after me hello world", "Hello world."),
    ("1 divided by 0", "Nothing can be divided by zero."),
    ("My name is Anna.", "Nice to meet you, Anna."),
    ("goodbye", "Goodbye, and thank you for calling."),
    ("say that again", "I have not said anything yet."),
]


@pytest.mark.parametrize(("said", "spoken"), TALK, ids=[said for said, _ in TALK])
def test_small_talk_is_answered(said: str, spoken: str) -> None:
    """Everyday phrases have an answer without any tool."""
    assert Caller((), PERSONA).say(said).text == spoken


def test_the_conversation_is_remembered_from_its_messages() -> None:
    """Names and earlier words are found again in the messages."""
    caller = Caller(())
    caller.say("My name is Anna")
    assert caller.say("what is my name").text == "Your name is Anna."
    assert caller.say("what did I say").text == "You said: what is my name"
    assert caller.say("repeat that").text == "You said: what is my name"


def test_a_long_story_is_long_enough_to_interrupt() -> None:
    """A caller who wants to try barge-in gets at least sixty words."""
    assert len(Caller(()).say("tell me a long story").text.split()) >= 60


def test_abilities_come_from_the_tools() -> None:
    """What the agent can do is said from the tools' descriptions."""
    assert Caller(SHOP[:2]).say("what can you do").text == (
        "I can tell you the current time in a city or country and end the call."
    )


def test_open_talk_is_answered_plainly() -> None:
    """The sandbox says that it has no language model, and only once how to get one."""
    caller = Caller(SHOP)
    first = caller.say("what is the meaning of life").text
    assert "without a language model" in first
    assert "OPENAI_API_KEY" in first
    assert "OPENAI_API_KEY" not in caller.say("and what about love").text


def test_other_languages_are_declined_but_tools_work() -> None:
    """German gets a word in English, and still a call where the tool's words are in it."""
    assert "only understand English" in Caller(()).say("Wie geht es dir und was ist das").text
    assert Caller(SHOP).say("weather in Köln").tool_calls[0].arguments == {"location": "Köln"}
