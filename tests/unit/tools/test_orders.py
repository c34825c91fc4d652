"""Orders: proof first, then one's own."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from agent.call.orders import Order
from agent.call.state import CallerIdentity, CallState
from agent.errors import ToolError
from tests.fakes.business import FakeOrderBook, business_call
from tools.orders import MAX_FAILED_VERIFICATIONS, find_order, verify_caller


@pytest.fixture
def orders() -> FakeOrderBook:
    """An order of Anna's and one of Ben's."""
    book = FakeOrderBook()
    kettle = Order("40217", "on its way", date(2026, 3, 3), "a kettle")
    book.has(kettle, customer="anna", postcode="10115")
    book.has(Order("50318", "being packed"), customer="ben", postcode="90210")
    return book


@pytest.fixture
def call(orders: FakeOrderBook) -> CallState:
    """A call by somebody unknown."""
    return business_call(orders=orders)


async def verify(call: CallState, number: str, postcode: str) -> str:
    return await verify_caller.run(call, {"order_number": number, "postcode": postcode})


async def find(call: CallState, number: str) -> str:
    return await find_order.run(call, {"order_number": number})


async def test_a_verified_caller_hears_of_their_order(call: CallState) -> None:
    """In words: number, what it is, where it is and when it comes."""
    await verify(call, "40217", "10115")
    assert call.caller.customer == "anna"
    assert await find(call, "40217") == (
        "Order four zero two one seven, a kettle, is on its way, due on Tuesday the third of March."
    )


async def test_nobody_else_hears_of_an_order(call: CallState) -> None:
    """Neither an unknown caller nor another customer, who cannot tell it from one that is not."""
    with pytest.raises(ToolError, match="Verify the caller first"):
        await find(call, "50318")
    await verify(call, "40217", "10115")
    told = []
    for number in ("50318", "99999"):
        with pytest.raises(ToolError) as caught:
            await find(call, number)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert find_order.policy.access == "verified"


@pytest.mark.parametrize(("number", "postcode"), [("40217", "90210"), ("99999", "10115")])
async def test_half_a_proof_is_none(call: CallState, number: str, postcode: str) -> None:
    """What was wrong is not told."""
    with pytest.raises(ToolError, match="do not go together"):
        await verify(call, number, postcode)
    assert not call.caller.verified


async def test_a_call_has_a_few_tries(call: CallState, orders: FakeOrderBook) -> None:
    """Also when they are made at once; then not even the right answer counts."""
    guesses = [verify(call, "40217", str(n)) for n in range(20)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert all(isinstance(result, ToolError) for result in results)
    assert orders.asked == MAX_FAILED_VERIFICATIONS
    with pytest.raises(ToolError, match="Offer to take a message"):
        await verify(call, "40217", "10115")
    assert not call.caller.verified


async def test_success_is_no_failed_try(orders: FakeOrderBook) -> None:
    """A caller may be verified again and again."""
    call = business_call(orders=orders, caller=CallerIdentity())
    for _ in range(MAX_FAILED_VERIFICATIONS + 2):
        await verify(call, "40217", "10115")
    assert call.caller.failed_verifications == 0
