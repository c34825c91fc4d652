"""What is wrong with a client event, in OpenAI's terms."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime import ConversationItemCreateEvent, SessionUpdateEvent

from agent.sandbox.realtime.client_events import ResponseCreate, parse_document, validated
from agent.sandbox.realtime.errors import ClientError


def fault(event: dict[str, Any]) -> tuple[str | None, str | None]:
    """Code and parameter of the refusal."""
    with pytest.raises(ClientError) as refused:
        validated(event)
    return refused.value.code, refused.value.param


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({}, "missing_required_parameter", "item.type"),
        ({"type": "mess"}, "invalid_value", "item.type"),
        ({"type": "message"}, "missing_required_parameter", "item.role"),
        ({"type": "message", "role": "me", "content": []}, "invalid_value", "item.role"),
        ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        (
            {"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": 1}]},
            "invalid_type",
            "item.content[0].text",
        ),
        ({"type": "function_call", "name": "f"}, "missing_required_parameter", "item.arguments"),
        (
            {"type": "function_call_output", "call_id": 1, "output": ""},
            "invalid_type",
            "item.call_id",
        ),
    ],
)
def test_a_union_is_judged_by_what_was_meant(item: dict[str, Any], code: str, param: str) -> None:
    """Of all the kinds an item could be, the complaint is about the kind it says it is."""
    assert fault({"type": "conversation.item.create", "item": item}) == (code, param)


def test_the_values_that_would_do_are_named() -> None:
    """A wrong value is answered with the right ones."""
    with pytest.raises(ClientError, match="'near_field'") as refused:
        validated(
            {
                "type": "session.update",
                "session": {
                    "type": "realtime",
                    "audio": {"input": {"noise_reduction": {"type": "none"}}},
                },
            }
        )
    assert "'far_field'" in refused.value.message


def test_numbers_in_strings_are_no_numbers() -> None:
    """Types are strict, as JSON has numbers of its own."""
    event = {"type": "conversation.item.truncate", "item_id": "i", "content_index": "0"}
    assert fault({**event, "audio_end_ms": 0}) == ("invalid_type", "content_index")


def test_valid_events_are_of_openais_types() -> None:
    """What passes is an object of the openai package."""
    session = {"type": "realtime", "audio": {"output": {"voice": {"id": "voice_1"}}}}
    assert isinstance(validated({"type": "session.update", "session": session}), SessionUpdateEvent)
    item = {"type": "function_call_output", "call_id": "c", "output": "o"}
    create = validated({"type": "conversation.item.create", "item": item, "event_id": "e"})
    assert isinstance(create, ConversationItemCreateEvent)
    reference = {"input": [{"type": "item_reference", "id": "i"}]}
    assert isinstance(validated({"type": "response.create", "response": reference}), ResponseCreate)


@pytest.mark.parametrize("frame", ["", "{", "{'a': 1}", '{"a": Infinity}', "[" * 500, "\ufeff{}"])
def test_what_is_not_json_is_said_so(frame: str) -> None:
    """No frame that cannot be read raises anything but invalid_json."""
    with pytest.raises(ClientError) as refused:
        parse_document(frame)
    assert refused.value.code == "invalid_json"
