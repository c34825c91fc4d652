"""The operator's orders as a CSV file; a development worker has made-up ones."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.errors import SettingsError
from agent.settings import BusinessSettings, Environment

SAMPLE_ORDERS = Path(__file__).parent / "samples" / "orders.csv"
"""Made up, for development only."""


def bare(text: str) -> str:
    """A number or postcode as it is compared: what callers and files put between is left out."""
    return "".join(character for character in text.upper() if character.isalnum())


def _bare(value: Any) -> Any:
    return bare(value) if isinstance(value, str) else value


def _none_if_empty(value: Any) -> Any:
    return value or None


Bare = Annotated[str, BeforeValidator(_bare)]


class OrderRow(BaseModel):
    """One line of the operator's file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )

    number: Bare = Field(min_length=1, max_length=32)
    customer: str = Field(min_length=1, max_length=128)
    """Which orders belong together; never said to anybody."""
    postcode: Bare = Field(min_length=1, max_length=16)
    status: str = Field(min_length=1, max_length=200)
    due_on: Annotated[date | None, BeforeValidator(_none_if_empty)] = None
    items: str = Field("", max_length=500)


def read_orders(file: Path) -> list[OrderRow]:
    """The orders in a CSV file whose first line names the columns.

    Raises:
        SettingsError: with every fault, by line and column and without its value.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            records = list(csv.DictReader(lines, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise SettingsError(["PARLEY_ORDERS_FILE: cannot be read as a CSV file in UTF-8"]) from None
    read: list[OrderRow] = []
    faults: list[str] = []
    for line, record in enumerate(records, start=2):
        try:
            read.append(OrderRow.model_validate(record))
        except ValidationError as error:
            faults += _faults(line, error)
    faults += _repeated(read)
    if faults:
        raise SettingsError(faults)
    return read


def orders_at_start(settings: BusinessSettings, environment: Environment) -> list[OrderRow]:
    """The orders to know of from the start: those of the operator's file, or, where there is none,
    the made-up ones in development and none in production.

    Raises:
        SettingsError: with every fault of the file.
    """
    if settings.orders_file is not None:
        return read_orders(settings.orders_file)
    return read_orders(SAMPLE_ORDERS) if environment == "development" else []


def _faults(line: int, error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_input=False, include_url=False):
        column = detail["loc"][0] if detail["loc"] else ""
        known = column in OrderRow.model_fields
        name = f"{column}: " if known else ""
        fault = detail["msg"].lower() if known else "has more columns than are known"
        yield f"PARLEY_ORDERS_FILE: line {line}: {name}{fault}"


def _repeated(rows: Iterable[OrderRow]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if row.number in seen:
            yield "PARLEY_ORDERS_FILE: an order number comes twice"
        seen.add(row.number)
