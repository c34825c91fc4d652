"""Personal data, where it stands, and what only looks like it."""

from __future__ import annotations

import pytest

from agent.personal import (
    ALL_KINDS,
    Kind,
    bundled_ids,
    find,
    is_card,
    is_iban,
    known_countries,
    read,
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to Anna.B@Example.org.", "email", "anna.b@example.org"),
        ("It is anna dot b at example dot org", "email", "anna.b@example.org"),
        ("a, d, a at example dot com", "email", "ada@example.com"),
        ("ada@example dot com", "email", "ada@example.com"),
        ("ada underscore l 42 at example.com", "email", "adaunderscorel42@example.com"),
        ("ada punkt l ät example punkt de", "email", "ada.l@example.de"),
        ("Call +49 30 901820 today", "phone", "4930901820"),
        ("Card 4111-1111-1111-1111", "card", "4111111111111111"),
        ("Number 5 4111 1111 1111 1111 please", "card", "4111111111111111"),
        ("four two four two, " * 4, "card", "4242424242424242"),
        ("forty-two forty-two " * 4, "card", "4242424242424242"),
        ("SSN 123-45-6789", "national_id", "123456789"),
        ("my social is one two three, four five, six seven eight nine", "national_id", "123456789"),
        ("NI number AB 12 34 56 C", "national_id", "ab123456c"),
        ("IBAN DE89 3704 0044 0532 0130 00 it is", "national_id", "de89370400440532013000"),
        ("iban de89 3704 0044 0532 0130 00 it is", "national_id", "de89370400440532013000"),
        ("Steuer-ID 86 095 742 719", "national_id", "86095742719"),
        ("NIR 2 69 05 49 588 157 80", "national_id", "269054958815780"),
        ("RRN 900101-1234567", "national_id", "9001011234567"),
        ("DNI 12345678Z", "national_id", "12345678z"),
        ("RSSMRA85T10A562S", "national_id", "rssmra85t10a562s"),
        ("BSN 111222333", "national_id", "111222333"),
        ("AHV 756.9217.0769.85", "national_id", "7569217076985"),
        ("my SIN is 130 692 544", "national_id", "130692544"),
    ],
)
def test_personal_data_is_found(text: str, kind: Kind, value: str) -> None:
    """Bare, as it is compared."""
    assert (kind, value) in {(f.kind, f.value) for f in find(read(text), ALL_KINDS)}


@pytest.mark.parametrize(
    "text",
    [
        "Order 40217 of 2026-12-25",
        "at 10:30 on 3.4.",
        "a @ b",
        "Parcel 40217000",
        "1111",
        "Look at example dot com for it",
        "Steuer-ID 86 095 742 718",
        "number 111222333",
        "one or two of three, four at most",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    """Dates, times, order numbers, sites, and ids whose check figure is wrong."""
    assert list(find(read(text), ALL_KINDS, region="DE")) == []


def test_local_numbers_need_a_country() -> None:
    """What is a telephone number in one is none in another."""
    assert [f.kind for f in find("Call 030 901820.", ALL_KINDS, region="DE")] == ["phone"]
    assert list(find("Call 030 901820.", ALL_KINDS)) == []


def test_a_number_among_others_is_found_where_doubtful_ones_count() -> None:
    """What is said before it is no part of it, though both may be parts of something else."""
    text = "Room 10 030 901820"
    assert [f.value for f in find(text, ["phone"], region="DE", doubtful=True)] == ["030901820"]
    assert list(find(text, ["phone"], region="DE")) == []


def test_numbers_of_nobody_count_only_where_doubtful_ones_do() -> None:
    """Those that films use; who tests a redaction uses them too."""
    assert list(find("+44 1632 9609", ["phone"])) == []
    assert [f.value for f in find("+44 1632 960983", ["phone"], doubtful=True)] == ["441632960983"]


def test_check_figures_are_checked() -> None:
    """Of cards and of bank accounts."""
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert not is_card("0000000000000000")
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE88370400440532013000")


def test_countries_can_be_chosen() -> None:
    """An id of a country that was not chosen is a number as any other."""
    assert "KR" in known_countries()
    korean = bundled_ids(["KR"])
    assert list(find("SSN 123-45-6789", ["national_id"], ids=korean)) == []
    assert list(find("900101-1234567", ["national_id"], ids=korean))
