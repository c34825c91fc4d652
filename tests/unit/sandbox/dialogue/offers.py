"""Tools as agents offer them, and a caller who talks with the dialogue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.sandbox.dialogue import Message, Reply, Tool, respond

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
"""A Saturday."""
TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


def takes(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """An object schema; all properties are required unless said otherwise."""
    listed = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": listed}


TIME = Tool(
    "time_in_place",
    "The current time in a city or country.",
    takes({"place": {"type": "string", "description": 'City or country, such as "Paris".'}}),
)
END_CALL = Tool(
    "end_call",
    "End the call after saying goodbye. Use when the caller says goodbye or asks to hang up.",
    takes({}),
)
WEATHER = Tool(
    "get_weather",
    "Get the current weather.",
    takes(
        {"location": TEXT, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
        ["location"],
    ),
)
APPOINTMENT = Tool(
    "book_appointment",
    "Book an appointment.",
    takes(
        {
            "date": {"type": "string", "format": "date"},
            "time": TEXT,
            "name": TEXT,
            "email": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        ["date", "time", "name"],
    ),
)
ORDER = Tool(
    "find_order",
    "Look up one order of this caller. Ask for the number first; never guess it.",
    takes({"order_number": {"type": "string", "description": "Digits as spoken."}}),
)
ADD = Tool("add", "Add two numbers.", takes({"a": INTEGER, "b": INTEGER}))
BILLING = Tool("transfer_to_billing", "Transfer the caller to the billing department.", takes({}))
HOURS = Tool("lookup_opening_hours", "The opening hours of the shop.", takes({"day": TEXT}, []))
MESSAGE = Tool("send_message", "Send a text message to someone.", takes({"to": TEXT, "text": TEXT}))
LANGUAGE = Tool(
    "switch_language",
    "Go on in another language, when the caller asks for it.",
    takes({"language": {"type": "string", "description": 'The language, such as "Spanish".'}}),
)
SHOP = (TIME, END_CALL, WEATHER, APPOINTMENT, ORDER, ADD, BILLING, HOURS, MESSAGE, LANGUAGE)

EMAIL = Tool(
    "sendEmail",
    "Send an email.",
    takes({"to": {"type": "string", "format": "email"}, "subject": TEXT, "body": TEXT}),
)
TIMER = Tool("set_timer", "Set a timer.", takes({"minutes": INTEGER}))
SEARCH = Tool("search_web", "Search the web.", takes({"query": TEXT}))
TABLE = Tool(
    "reserve_table",
    "Reserve a table at the restaurant.",
    takes(
        {
            "party_size": {"type": "integer", "minimum": 1, "maximum": 12},
            "at": {"type": "string", "format": "date-time"},
            "outdoor": {"type": "boolean"},
        },
        ["party_size", "at"],
    ),
)
FLIGHT = Tool(
    "book_flight",
    "Book a flight.",
    takes({"origin": TEXT, "destination": TEXT, "date": {"type": "string", "format": "date"}}),
)
CALL_BACK = Tool("call_back", "Ask a colleague to ring back.", takes({"phone_number": TEXT}))
LIGHT = Tool(
    "set_light",
    "Switch a light on or off.",
    takes(
        {"room": {"type": "string", "enum": ["kitchen", "living_room"]}, "on": {"type": "boolean"}}
    ),
)
SHOPPING = Tool(
    "shopping_list",
    "Put items on the shopping list.",
    takes({"items": {"type": "array", "items": TEXT}}),
)
HOME = (EMAIL, TIMER, SEARCH, TABLE, FLIGHT, CALL_BACK, LIGHT, SHOPPING)

Call = tuple[str, dict[str, Any]]


def calls_of(reply: Reply) -> list[Call]:
    """The calls of a reply, without their ids."""
    return [(call.name, call.arguments) for call in reply.tool_calls]


class Caller:
    """Says one thing after the other and keeps the conversation, as a client of the API does."""

    def __init__(self, tools: tuple[Tool, ...], system: str = "") -> None:
        self.tools = tools
        self.messages: list[Message] = [Message("system", system)] if system else []

    def say(self, text: str) -> Reply:
        """The reply to `text`; a tool that is called answers "ok"."""
        self.messages.append(Message("user", text))
        reply = respond(self.messages, self.tools, now=NOW)
        self.messages.append(Message("assistant", reply.text, reply.tool_calls))
        for call in reply.tool_calls:
            self.messages.append(Message("tool", "ok", call_id=call.call_id))
        return reply
