"""Orders, for the customer they belong to and nobody else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agent.call.orders import Order, OrderNotFound
from agent.call.spoken import spoken_day, spoken_digits
from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError

MAX_FAILED_VERIFICATIONS = 3
"""In one call."""

OrderNumber = Annotated[str, Field(min_length=1, max_length=40)]
Postcode = Annotated[str, Field(min_length=1, max_length=20)]


@tool(private=frozenset({"order_number", "postcode"}))
async def verify_caller(call: CallState, order_number: OrderNumber, postcode: Postcode) -> str:
    """Verify who the caller is, before anything is said about an order. Ask the caller for the
    number of one of their orders and the postcode it goes to; never guess either.

    Args:
        order_number: Digits as spoken, without separators, such as "40217".
        postcode: The postcode of the delivery address, such as "10115".
    """
    caller = call.caller
    if caller.failed_verifications >= MAX_FAILED_VERIFICATIONS:
        raise ToolError("The caller cannot be verified in this call. Offer to take a message.")
    # Counted before it is known, so that guesses made at the same time are no more than others.
    caller.failed_verifications += 1
    customer = await call.services.orders.verify(order_number, postcode)
    if customer is None:
        raise ToolError(
            "That order number and that postcode do not go together. Ask the caller to say both"
            " again, and do not say which of them may be wrong."
        )
    caller.failed_verifications -= 1
    caller.customer = customer
    return "The caller is verified. You may look up their orders now."


@tool(access="verified", private=frozenset({"order_number"}))
async def find_order(call: CallState, order_number: OrderNumber) -> str:
    """Look up the status of one order of this caller. Ask for the number first; never guess it.

    Args:
        order_number: Digits as spoken, without separators, such as "40217".
    """
    if call.caller.customer is None:
        raise ToolError("Verify the caller first, by an order number and its postcode.")
    try:
        order = await call.services.orders.find(order_number, customer=call.caller.customer)
    except OrderNotFound:
        raise ToolError("This caller has no order of that number. Ask for it again.") from None
    return _spoken(order)


def _spoken(order: Order) -> str:
    items = f", {order.items}," if order.items else ""
    due = f", due on {spoken_day(order.due_on)}" if order.due_on else ""
    return f"Order {spoken_digits(order.number)}{items} is {order.status}{due}."
