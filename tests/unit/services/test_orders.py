"""Orders in the database, and the file they come from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from agent.call.orders import OrderNotFound
from agent.errors import SettingsError
from agent.services.orders_file import orders_at_start, read_orders
from agent.services.storage.engine import Database
from agent.services.storage.orders import SqlOrderBook, import_orders
from agent.settings import BusinessSettings

HEAD = "number,customer,postcode,status,due_on,items\n"
TWO = HEAD + "40217,anna,SW1A 1AA,on its way,2026-03-03,a kettle\n50318,ben,10115,packed,,\n"


class SettableClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    """It stands still until it is set."""
    return SettableClock()


@pytest.fixture
async def book(database: Database, clock: SettableClock, tmp_path: Path) -> SqlOrderBook:
    """An order of Anna's and one of Ben's."""
    await import_orders(database, read_orders(written(tmp_path, TWO)))
    return SqlOrderBook(database, clock=clock)


def written(folder: Path, text: str) -> Path:
    file = folder / "orders.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("postcode", ["SW1A 1AA", "sw1a1aa", " SW1A-1AA "])
async def test_number_and_postcode_tell_the_customer(book: SqlOrderBook, postcode: str) -> None:
    """However they were written down by whoever heard them."""
    assert await book.verify("40217", postcode) == "anna"
    assert await book.verify("40 217", postcode) == "anna"


@pytest.mark.parametrize(
    ("number", "postcode"),
    [("40217", "10115"), ("50318", "SW1A1AA"), ("1", "10115"), ("40217", "")],
)
async def test_half_of_it_tells_nothing(book: SqlOrderBook, number: str, postcode: str) -> None:
    """A wrong postcode and an unknown number are the same."""
    assert await book.verify(number, postcode) is None


async def test_an_order_guessed_at_too_often_is_closed_for_an_hour(
    book: SqlOrderBook, clock: SettableClock
) -> None:
    """Also over many calls nobody tries out postcodes; other orders are not touched by it."""
    for guess in range(10):
        assert await book.verify("40217", str(guess)) is None
    assert await book.verify("40217", "SW1A1AA") is None
    assert await book.verify("50318", "10115") == "ben"
    clock.now += timedelta(hours=1, seconds=1)
    assert await book.verify("40217", "SW1A1AA") == "anna"


async def test_a_customer_finds_their_own_orders_only(book: SqlOrderBook) -> None:
    """Another's order is not found, as one that does not exist is not."""
    order = await book.find("40217", customer="anna")
    assert (order.status, order.due_on) == ("on its way", date(2026, 3, 3))
    for number in ("50318", "99999"):
        with pytest.raises(OrderNotFound):
            await book.find(number, customer="anna")
    assert [found.number for found in await book.of("ben")] == ["50318"]


async def test_an_import_replaces_and_adds(
    book: SqlOrderBook, database: Database, tmp_path: Path
) -> None:
    """A newer file changes a status; orders that it does not name stay."""
    newer = HEAD + "40217,anna,SW1A 1AA,delivered,,\n60455,anna,SW1A 1AA,new,,\n"
    await import_orders(database, read_orders(written(tmp_path, newer)))
    assert [order.status for order in await book.of("anna")] == ["new", "delivered"]
    assert len(await book.of("ben")) == 1


def test_every_fault_of_a_file_is_told_by_line_and_column_without_its_value(
    tmp_path: Path,
) -> None:
    """An export that went wrong is corrected in one go."""
    lines = (
        ",anna,1,ok,,",
        "2,a,1,ok,hunter2,",
        "3,anna,1",
        "4,a,1,ok,,,hunter2",
        *["5,a,1,ok,,"] * 2,
    )
    text = HEAD + "\n".join(lines)
    with pytest.raises(SettingsError) as caught:
        read_orders(written(tmp_path, text))
    told = "\n".join(caught.value.faults)
    for part in ("line 2: number", "line 3: due_on", "line 4: status", "line 5", "comes twice"):
        assert part in told
    assert "hunter2" not in told


def test_a_file_that_is_none_is_a_fault(tmp_path: Path) -> None:
    """By the variable's name."""
    with pytest.raises(SettingsError, match="PARLEY_ORDERS_FILE"):
        read_orders(tmp_path / "missing.csv")


def test_only_development_has_made_up_orders(tmp_path: Path) -> None:
    """A file goes before them, and in production there is nothing without one."""
    made_up = orders_at_start(BusinessSettings(), "development")
    assert {order.customer.split("-")[0] for order in made_up} == {"sample"}
    assert orders_at_start(BusinessSettings(), "production") == []
    own = BusinessSettings(orders_file=written(tmp_path, TWO))
    assert [order.customer for order in orders_at_start(own, "development")] == ["anna", "ben"]
