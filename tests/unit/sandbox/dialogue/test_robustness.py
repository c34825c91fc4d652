"""Any input gets a reply, in bounded time, with arguments of the schema's types."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sandbox.dialogue import Message, Tool, ToolCall, ToolChoice, respond, warm
from tests.unit.sandbox.dialogue.offers import HOME, NOW, SHOP

PHRASES = st.sampled_from(
    [
        *(
            "what time is it in paris",
            "book an appointment",
            "tomorrow at three",
            "my name is anna",
        ),
        *("four oh two", "never mind", "and", "forty two thousand", "anna at example dot com"),
        *("count to", "plus", "the third of march", "half past", "send a message to", "saying"),
        *(
            "say that again",
            "\x00",
            "²",
            "٣",
            "0000000000",
            "hundred hundred",
            "in",
            "in 9999 years",
        ),
    ]
)
UTTERANCES = st.lists(PHRASES | st.text(max_size=12), max_size=8).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "required", "enum", "items", "anyOf", "allOf", "$ref"),
        *("format", "minimum", "default", "const"),
    ]
)
SCHEMAS = st.recursive(
    JSON | st.sampled_from(["string", "object", "#", "#/properties/a", {"$ref": "#"}]),
    lambda inner: st.dictionaries(KEYWORDS | st.sampled_from(["a", "date"]), inner, max_size=4),
    max_leaves=20,
)
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant", "tool"]),
        UTTERANCES | JSON.map(str),
        st.just(()) | st.just((ToolCall("add", {"a": 1}, "call_1"),)),
        st.none() | st.just("call_1"),
    ),
    max_size=6,
)

SIMPLE: dict[str, tuple[dict[str, Any], type | tuple[type, ...]]] = {
    "text": ({"type": "string"}, str),
    "count": ({"type": "integer", "minimum": 1, "maximum": 9}, int),
    "amount": ({"type": "number"}, (int, float)),
    "urgent": ({"type": "boolean"}, bool),
    "day": ({"type": "string", "format": "date"}, str),
    "order_number": ({"type": "string"}, str),
    "size": ({"type": "string", "enum": ["small", "large"]}, str),
    "tags": ({"type": "array", "items": {"type": "string"}}, list),
    "place": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, (str, type(None))),
}


@given(messages=MESSAGES, instructions=UTTERANCES)
@settings(max_examples=150)
def test_any_conversation_gets_a_reply(messages: list[Message], instructions: str) -> None:
    """No text, role or order of messages raises, and silence is never the answer."""
    reply = respond(messages, SHOP + HOME, instructions=instructions, now=NOW)
    assert reply.text or reply.tool_calls


@given(schema=SCHEMAS, description=st.text(max_size=60), said=UTTERANCES)
@settings(max_examples=150)
def test_a_broken_schema_is_no_reason_to_fail(schema: Any, description: str, said: str) -> None:
    """Whatever stands where a schema belongs, a forced call is made."""
    tool = Tool("do_it", description, schema)
    reply = respond([Message("user", said)], [tool], tool_choice=ToolChoice("required"), now=NOW)
    assert [call.name for call in reply.tool_calls] == ["do_it"]


@given(
    said=UTTERANCES,
    names=st.sets(st.sampled_from(sorted(SIMPLE)), min_size=1),
    required=st.sets(st.sampled_from(sorted(SIMPLE))),
)
@settings(max_examples=150)
def test_arguments_fit_the_schema(said: str, names: set[str], required: set[str]) -> None:
    """A forced call has every required argument, no unknown one, and each of its type."""
    listed = sorted(names & required)
    tool = Tool(
        "do_it",
        "Do it.",
        {
            "type": "object",
            "properties": {name: SIMPLE[name][0] for name in sorted(names)},
            "required": listed,
        },
    )
    reply = respond([Message("user", said)], [tool], tool_choice=ToolChoice("required"), now=NOW)
    arguments = reply.tool_calls[0].arguments
    assert set(listed) <= set(arguments) <= names
    for name, value in arguments.items():
        assert isinstance(value, SIMPLE[name][1])
        assert isinstance(value, bool) == (name == "urgent")
    assert 1 <= arguments.get("count", 1) <= 9
    assert arguments.get("size", "small") in ("small", "large")


def test_a_reply_is_quick_enough_for_the_event_loop() -> None:
    """Long texts, many turns and many tools stay far from blocking a call's audio."""
    warm()
    many = [
        Tool(
            f"tool_{n}", "Look up the thing. " * 40, {"properties": {f"p{i}": {} for i in range(9)}}
        )
        for n in range(128)
    ]
    for said in ("a b " * 250_000, "9" * 1_000_000, "zero " * 200_000, "anna at example dot " * 99):
        turns = [Message("user", said), Message("assistant", "Which place?")] * 10
        for tools in (many, SHOP):
            respond([*turns, Message("user", said)], tools, now=NOW)
            started = time.perf_counter()
            respond([*turns, Message("user", said)], tools, now=NOW)
            # Below 20 ms on an idle core; ten times that allows for a machine shared with others.
            assert time.perf_counter() - started < 0.2
