"""Orders as a call asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from agent.errors import CallerError


class OrderNotFound(CallerError):
    """This customer has no order of that number. Another's is not found either."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order, as its customer may hear of it."""

    number: str
    status: str
    """In words that fit after "it is", such as "on its way"."""
    due_on: date | None = None
    items: str = ""
    """What was ordered, in words; empty where that is not recorded."""


class OrderBook(Protocol):
    """The orders of the business."""

    async def verify(self, number: str, postcode: str) -> str | None:
        """The key of the customer who has this order at this postcode; None for any mistake in
        either, or when the order was guessed at too often of late.
        """
        ...

    async def find(self, number: str, *, customer: str) -> Order:
        """One order of a customer.

        Raises:
            OrderNotFound: the customer has none such.
        """
        ...

    async def of(self, customer: str) -> Sequence[Order]:
        """All orders of a customer, newest number first."""
        ...
