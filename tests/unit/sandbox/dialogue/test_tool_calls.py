"""Which tool an utterance calls, and with what."""

from __future__ import annotations

import pytest

from agent.sandbox.dialogue import Message, Tool, ToolChoice, respond
from tests.unit.sandbox.dialogue.offers import (
    END_CALL,
    HOME,
    NOW,
    SHOP,
    TEXT,
    TIME,
    Call,
    Caller,
    calls_of,
    takes,
)


def _appointment(date: str, time: str, name: str) -> list[Call]:
    return [("book_appointment", {"date": date, "time": time, "name": name})]


def _order(number: str) -> list[Call]:
    return [("find_order", {"order_number": number})]


def _language(name: str) -> list[Call]:
    return [("switch_language", {"language": name})]


def _time(place: str) -> list[Call]:
    return [("time_in_place", {"place": place})]


SHOP_CALLS: list[tuple[str, list[Call]]] = [
    ("What time is it in Paris?", _time("Paris")),
    ("um yeah so like what time is it in berlin right now", _time("Berlin")),
    ("what's the time in new york please", _time("New York")),
    ("what time is it in Paris and in Tokyo", _time("Paris") + _time("Tokyo")),
    (
        "what's the time in paris and the weather in rome",
        [*_time("Paris"), ("get_weather", {"location": "Rome"})],
    ),
    ("goodbye", [("end_call", {})]),
    ("that's all, bye", [("end_call", {})]),
    ("hang up please", [("end_call", {})]),
    ("Thanks, that's all. Goodbye.", [("end_call", {})]),
    ("what's the whether in london", [("get_weather", {"location": "London"})]),
    ("is it raining in oslo", [("get_weather", {"location": "Oslo"})]),
    ("What is the Tokyo weather?", [("get_weather", {"location": "Tokyo"})]),
    (
        "weather for New York in fahrenheit",
        [("get_weather", {"location": "New York", "unit": "fahrenheit"})],
    ),
    (
        "book an appointment for tomorrow at three pm, my name is Anna Smith",
        _appointment("2026-11-22", "15:00", "Anna Smith"),
    ),
    (
        "i'd like an appointment for anna smith on the third of march at half past nine",
        _appointment("2027-03-03", "09:30", "Anna Smith"),
    ),
    (
        "schedule a meeting with anna for next tuesday at 10",
        _appointment("2026-11-24", "10:00", "Anna"),
    ),
    ("order number four oh two one seven", _order("40217")),
    ("Where's my order 40217?", _order("40217")),
    ("my package number is 4-0-2-1-7", _order("40217")),
    ("find order four zero two double one", _order("40211")),
    ("My order 40217 has not arrived.", _order("40217")),
    ("order 40217 hasn't arrived yet", _order("40217")),
    ("where are orders 40217 and 50318", _order("40217") + _order("50318")),
    ("Switch to German.", _language("German")),
    ("can we speak French please", _language("French")),
    ("change the language from english to dutch", _language("Dutch")),
    ("add five and seven", [("add", {"a": 5, "b": 7})]),
    ("what is forty two thousand plus minus 3", [("add", {"a": 42000, "b": -3})]),
    ("I need to talk to someone about billing", [("transfer_to_billing", {})]),
    ("connect me to billing", [("transfer_to_billing", {})]),
    ("are you open tomorrow", [("lookup_opening_hours", {"day": "2026-11-22"})]),
    ("what are your opening hours", [("lookup_opening_hours", {})]),
    (
        "send a message to Anna saying I'll be late",
        [("send_message", {"to": "Anna", "text": "I'll be late"})],
    ),
    (
        "text bob that the meeting is at five",
        [("send_message", {"to": "Bob", "text": "the meeting is at five"})],
    ),
]

HOME_CALLS: list[tuple[str, list[Call]]] = [
    ("set a timer for ten minutes", [("set_timer", {"minutes": 10})]),
    (
        "search the web for cheap flights to rome",
        [("search_web", {"query": "cheap flights to rome"})],
    ),
    (
        "reserve a table for four people tomorrow at seven pm",
        [("reserve_table", {"party_size": 4, "at": "2026-11-22T19:00:00+00:00"})],
    ),
    (
        "book a flight from london to new york next friday",
        [
            (
                "book_flight",
                {"origin": "London", "destination": "New York", "date": "2026-11-27"},
            )
        ],
    ),
    (
        "please call me back at five five five one two three four",
        [("call_back", {"phone_number": "5551234"})],
    ),
    (
        "turn on the light in the living room",
        [("set_light", {"room": "living_room", "on": True})],
    ),
    ("switch the kitchen light off", [("set_light", {"room": "kitchen", "on": False})]),
    (
        "put milk, eggs and bread on the shopping list",
        [("shopping_list", {"items": ["milk", "eggs", "bread"]})],
    ),
]

OPEN_TALK = [
    "tell me about time travel",
    "I love this weather so much it makes me want to dance",
    "cancel my appointment",
    "I read a good book",
    "who was the first president of america",
    "I went to the city and then the country with my friend",
    "I said goodbye to my friend yesterday and then we walked home",
    "I want to order a pizza",
    "has my sister arrived",
    "my neighbour bought a German car",
    "hello",
    "yes",
    "my name is Anna",
    "Stop.",
    "what is 17 times 3",
    "",
]


@pytest.mark.parametrize(("said", "expected"), SHOP_CALLS, ids=[said for said, _ in SHOP_CALLS])
def test_an_utterance_calls_the_tool_it_means(said: str, expected: list[Call]) -> None:
    """Tools are found by their own words, and arguments are read as the schema wants them."""
    assert calls_of(Caller(SHOP).say(said)) == expected


@pytest.mark.parametrize(("said", "expected"), HOME_CALLS, ids=[said for said, _ in HOME_CALLS])
def test_arguments_of_every_kind_are_heard(said: str, expected: list[Call]) -> None:
    """Integers, moments, places, phones, choices, switches and lists are filled from speech."""
    assert calls_of(Caller(HOME).say(said)) == expected


@pytest.mark.parametrize("said", OPEN_TALK)
def test_open_talk_calls_nothing(said: str) -> None:
    """A word that happens to stand in a tool's description is not a request."""
    reply = Caller(SHOP).say(said)
    assert reply.tool_calls == ()
    assert reply.text


def test_a_description_may_forbid() -> None:
    """What a tool must not be used for does not call it; its quoted example does."""
    tool = Tool(
        "finish",
        "Finishes.\nCall when:\n- The user is done (e.g., “that’s all, bye”).\n"
        "Do not call when:\n- The user asks to pause, hold, or transfer.\n",
        {},
    )
    assert calls_of(Caller((tool,)).say("please hold")) == []
    assert calls_of(Caller((tool,)).say("goodbye")) == [("finish", {})]


def test_call_ids_are_unique() -> None:
    """Every call has its own id in OpenAI's form."""
    reply = Caller((TIME,)).say("what time is it in Paris and in Tokyo")
    ids = [call.call_id for call in reply.tool_calls]
    assert len(set(ids)) == 2
    assert all(call_id.startswith("call_") for call_id in ids)


def test_calls_are_made_one_by_one_where_parallel_calls_are_off() -> None:
    """The second of two requests follows the first one's result; then both results are said."""
    messages = [Message("user", "what time is it in Paris and in Tokyo")]
    places = []
    for result in ("It is ten.", "It is six."):
        reply = respond(messages, SHOP, parallel_tool_calls=False, now=NOW)
        (call,) = reply.tool_calls
        places.append(call.arguments["place"])
        messages.append(Message("assistant", tool_calls=(call,)))
        messages.append(Message("tool", result, call_id=call.call_id))
    assert places == ["Paris", "Tokyo"]
    assert respond(messages, SHOP, parallel_tool_calls=False, now=NOW).text == (
        "It is ten. It is six."
    )


def test_a_strict_schema_gets_null_for_what_was_not_said() -> None:
    """Where strict mode lists an optional parameter as required, it is sent as null, not asked."""
    nullable = {"type": ["string", "null"]}
    tool = Tool(
        "ship_order",
        "Ship an order.",
        takes({"order_id": TEXT, "speed": {"$ref": "#/$defs/Speed"}, "note": nullable})
        | {"$defs": {"Speed": {"type": "string", "enum": ["standard", "express_shipping"]}}},
    )
    assert calls_of(Caller((tool,)).say("ship order 40217 by express shipping")) == [
        ("ship_order", {"order_id": "40217", "speed": "express_shipping", "note": None})
    ]


def test_a_nested_object_is_asked_for_member_by_member() -> None:
    """An object is filled from its members, each with a question of its own."""
    address = takes({"city": TEXT, "zip": TEXT})
    caller = Caller((Tool("order_catalogue", "Order the catalogue.", takes({"address": address})),))
    assert caller.say("I'd like to order the catalogue").text == "Which city?"
    assert caller.say("London").text == "What is the zip?"
    assert calls_of(caller.say("nine zero two one zero")) == [
        ("order_catalogue", {"address": {"city": "London", "zip": "90210"}})
    ]


def test_tool_choice_none_never_calls() -> None:
    """With tool_choice none even a clear request is answered in words."""
    reply = respond([Message("user", "goodbye")], SHOP, tool_choice=ToolChoice("none"), now=NOW)
    assert reply.tool_calls == ()
    assert "Goodbye" in reply.text


@pytest.mark.parametrize("said", ["hello", "", "where is my order"])
def test_tool_choice_required_always_calls(said: str) -> None:
    """With tool_choice required something is called, though nothing fits or is missing."""
    reply = respond([Message("user", said)], SHOP, tool_choice=ToolChoice("required"), now=NOW)
    assert len(reply.tool_calls) == 1


def test_a_named_function_is_called_with_defaults() -> None:
    """A forced function gets what was said, and values of the right type for the rest."""
    reply = respond(
        [Message("user", "four of us")],
        HOME,
        tool_choice=ToolChoice("required", "reserve_table"),
        now=NOW,
    )
    assert calls_of(reply) == [
        ("reserve_table", {"party_size": 4, "at": "2026-11-21T09:00:00+00:00"})
    ]


def test_a_result_ends_the_matter() -> None:
    """After a result the dialogue speaks; it does not call again for the same words."""
    call = respond([Message("user", "goodbye")], [END_CALL], now=NOW).tool_calls[0]
    messages = [
        Message("user", "goodbye"),
        Message("assistant", tool_calls=(call,)),
        Message("tool", "", call_id=call.call_id),
    ]
    reply = respond(messages, [END_CALL], now=NOW)
    assert reply.tool_calls == ()
    assert "Goodbye" in reply.text
