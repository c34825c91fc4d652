"""Personal data, and whose it is."""

from __future__ import annotations

import pytest

from agent.guardrails.personal import Found, Kind, Known, find, is_card, is_iban

ALL: tuple[Kind, ...] = ("email", "phone", "card", "national_id")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to Anna.B@Example.org.", "email", "anna.b@example.org"),
        ("It is anna dot b at example dot org", "email", "anna.b@example.org"),
        ("Call +49 30 901820 today", "phone", "4930901820"),
        ("Card 4111-1111-1111-1111", "card", "4111111111111111"),
        ("SSN 123-45-6789", "national_id", "123456789"),
        ("NI number AB 12 34 56 C", "national_id", "ab123456c"),
        ("IBAN DE89 3704 0044 0532 0130 00 it is", "national_id", "de89370400440532013000"),
    ],
)
def test_personal_data_is_found(text: str, kind: Kind, value: str) -> None:
    """Bare, as it is compared."""
    assert (kind, value) in {(found.kind, found.value) for found in find(text, ALL)}


@pytest.mark.parametrize(
    "text", ["Order 40217 of 2026-12-25", "at 10:30 on 3.4.", "a @ b", "Parcel 40217000", "1111"]
)
def test_other_numbers_are_not(text: str) -> None:
    """Dates, times and order numbers."""
    assert list(find(text, ALL, region="DE")) == []


def test_local_numbers_need_a_country() -> None:
    """What is a telephone number in one is none in another."""
    assert [f.kind for f in find("Call 030 901820.", ALL, region="DE")] == ["phone"]
    assert list(find("Call 030 901820.", ALL)) == []


def test_what_the_caller_said_is_theirs() -> None:
    """Also in parts, in words, and where a recogniser misheard a figure."""
    known = Known()
    known.note("It is oh three oh, nine oh")
    known.note("one eight two oh")
    known.note("and anna at example dot org")
    assert known.includes(Found("phone", "030901820", 0))
    assert known.includes(Found("phone", "030901821", 0))
    assert known.includes(Found("email", "anna@example.org", 0))
    assert not known.includes(Found("phone", "4917612345678", 0))
    assert not known.includes(Found("email", "bert@example.org", 0))


def test_check_figures_are_checked() -> None:
    """Of cards and of bank accounts."""
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert not is_card("0000000000000000")
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE88370400440532013000")
