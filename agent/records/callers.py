"""A caller, as somebody names them who wants to know or erase what is kept of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

SIP_PREFIX = "sip_"
"""What LiveKit makes a telephone's identity of, with the number behind it."""

_LIKE_A_NUMBER = re.compile(r"\+?[\d\s().\-/\u2010-\u2013]{5,40}")
_LAST_DIGITS = 2
"""By which numbers are looked up, before they are compared as numbers; few enough that no sign
stands between them.
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """By what a caller is known."""

    identity: str
    """As it was given."""
    number: str | None = None
    """In E.164, if what was given is a telephone number."""
    region: str | None = None
    """The country of numbers that are kept without a code; None for none."""

    @classmethod
    def named(cls, text: str, *, region: str | None = None) -> Caller:
        """By an identity or by a telephone number, written anyhow."""
        text = text.strip()
        return cls(text, as_e164(text.removeprefix(SIP_PREFIX), region=region), region)


def as_e164(text: str, *, region: str | None = None) -> str | None:
    """A telephone number in one form, whatever it was written like; None if it is none."""
    if not _LIKE_A_NUMBER.fullmatch(text):
        return None
    if region is None and text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


async def values_of(
    connection: AsyncConnection, column: ColumnElement[str], caller: Caller, *, number_after: str
) -> list[str]:
    """What a column has in the place of this caller's number, in whatever form it was written.

    Args:
        connection: A transaction that reads.
        column: Where numbers are kept.
        caller: Whose.
        number_after: What stands before the number.
    """
    if caller.number is None:
        return []
    found = (
        select(column)
        .distinct()
        .where(
            column.startswith(number_after, autoescape=True),
            column.endswith(caller.number[-_LAST_DIGITS:], autoescape=True),
        )
    )
    return [
        value
        for value in (await connection.execute(found)).scalars()
        if as_e164(value.removeprefix(number_after), region=caller.region) == caller.number
    ]
