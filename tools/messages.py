"""Messages for the people of the business."""

from __future__ import annotations

from typing import Annotated

import phonenumbers
from pydantic import Field

from agent.call.ledger import request_key
from agent.call.messages import Message
from agent.call.spoken import spoken_digits
from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError

MAX_TEXT = 1_000
_READ_BACK = 200

Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
PhoneNumber = Annotated[str, Field(max_length=40)]


async def _ask_to_leave(
    call: CallState, name: str, text: str, phone_number: str | None = None
) -> str:
    number = _number(call, phone_number)
    reached = f"to be called back at {spoken_digits(number)}" if number else "with no number"
    message = (
        text if len(text) <= _READ_BACK else text[:_READ_BACK].rsplit(" ", 1)[0] + ", and so on"
    )
    return f"Shall I leave this message from {name}, {reached}: {message.rstrip('.!?')}?"


@tool(changes=True, confirm=_ask_to_leave, private=frozenset({"name", "text", "phone_number"}))
async def take_message(
    call: CallState, name: Name, text: Text, phone_number: PhoneNumber | None = None
) -> str:
    """Take a message for our staff, who then call back. Ask for the caller's name and the message
    first, and for a telephone number unless they call from one.

    Args:
        name: The caller's name.
        text: The message, in the caller's words.
        phone_number: Where to call back, as the caller says it, with the country code if they
            give one. Leave it out for the number that they are calling from.
    """
    number = _number(call, phone_number)
    message = Message(call_id=call.call_id, name=name, phone_number=number, text=text)
    await call.services.messages.leave(message, request_key=request_key())
    call.facts["name"] = name
    return "The message is left. Somebody will read it."


def _number(call: CallState, given: str | None) -> str | None:
    """In E.164: the number that was given, or else the one that the call comes from."""
    own = call.caller.phone_number
    if not given:
        return own
    region = call.services.messages.phone_region or _region_of(own)
    try:
        number = phonenumbers.parse(given, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        code = "" if region else ", with the country code"
        raise ToolError(f"That is no complete telephone number. Ask for it again{code}.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region_of(number: str | None) -> str | None:
    if number is None:
        return None
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
