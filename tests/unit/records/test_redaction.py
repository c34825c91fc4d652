"""What is personal is not kept, and what is not stays as it was said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SettingsError
from agent.personal import bundled_ids
from agent.records.redaction import Redaction, build_redaction
from agent.settings import PrivacySettings

redaction = Redaction(
    regions=["DE", "GB"],
    ids=bundled_ids(),
    words=["Project Apollo", "canar*"],
    patterns=[r"K-\d{4}"],
)
FIGURES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def spelled(digits: str) -> str:
    return " ".join(FIGURES[int(digit)] for digit in digits)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Write to ada@example.com, please.", "Write to [email], please."),
        ("It is ada at example dot com.", "It is [email]."),
        ("Call +49 30 901820 or 030 901820.", "Call [phone] or [phone]."),
        (f"My card is {spelled('4242424242424242')}, thanks", "My card is [card], thanks"),
        ("4111 1111 1111 1111 and 030 901820", "[card] and [phone]"),
        ("4111 1111 1111 1111 030 901820", "[card] [phone]"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [national id]."),
        ("SSN 123-45-6789", "SSN [national id]"),
        ("About project  apollo and canaries: K-1234", "About [private] and [private]: [private]"),
        ("ada@example.com at example dot com", "[email]"),
        ("[card] is what it says", "[card] is what it says"),
    ],
)
def test_a_label_says_what_stood_there(said: str, kept: str) -> None:
    """And nothing else is changed."""
    assert redaction(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "Order 40217 of 2026-12-25 for 3 people at 10:30.",
        "We are open from nine to five, Monday to Friday; it costs 1,299.00 euros.",
        "Look at example dot com, version 1.2.3, room 12-34.",
        "one, two, three, four, five",
    ],
)
def test_what_is_not_personal_stays(said: str) -> None:
    """Orders, dates, prices, opening hours and sites."""
    assert redaction(said) == said


WORDS = st.lists(
    st.sampled_from(["hello", "the", "order", "is", "at", "home", "dot", "well", "and", "thanks"])
)
CARDS = st.sampled_from(["4242424242424242", "5555555555554444", "378282246310005"])
NAMES = st.from_regex(r"x[a-z]{2,8}(\.[a-z]{2,8})?", fullmatch=True)


@given(WORDS, CARDS, st.sampled_from(["", " ", "-"]), WORDS)
def test_a_card_never_survives(
    before: list[str], card: str, between: str, after: list[str]
) -> None:
    """However its groups are written, and whatever stands around it."""
    written = between.join(card[at : at + 4] for at in range(0, len(card), 4))
    kept = redaction(" ".join([*before, written, *after]))
    assert card[-4:] not in kept
    assert "[card]" in kept
    assert spelled(card[4:8]) not in redaction(" ".join([*before, spelled(card), *after]))


@given(WORDS, NAMES, st.sampled_from(["example.com", "mail.example.co.uk"]), WORDS)
def test_an_address_never_survives(
    before: list[str], name: str, domain: str, after: list[str]
) -> None:
    """Written and said."""
    text = " ".join([*before, f"{name}@{domain}", *after])
    assert f"{name}@{domain}" not in redaction(text)
    said = f"{name} at {domain}".replace(".", " dot ")
    assert said not in redaction(" ".join([*before, said, *after]))


@given(st.text(alphabet=st.sampled_from("0123456789 +-@.atdo[]crd\n,"), max_size=60))
def test_twice_is_as_once(text: str) -> None:
    """What is redacted on the way in may be redacted on the way out as well."""
    kept = redaction(text)
    assert redaction(kept) == kept


@given(st.text(alphabet=st.characters(categories=["L", "P", "Zs"], exclude_characters="@")))
def test_words_without_figures_stay(text: str) -> None:
    """Of any language."""
    bare = Redaction(ids=bundled_ids())
    if not any(word in text.lower().split() for word in ("at", "ät", *FIGURES)):
        assert bare(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "4 1 ",
        "+4930901820 ",
        "1",
        "a",
        "a@",
        "a at ",
        "one ",
        "a-",
        "aa11a ",
        ".a",
        "0 ",
        "at dot ",
        "ab12 cd34 ",
        "4242 ",
    ],
)
def test_hostile_text_takes_a_time_that_grows_with_its_length(piece: str) -> None:
    """Ten times as much takes no more than twenty times as long."""

    def took_s(size: int) -> float:
        text = piece * (size // len(piece))
        began_s = time.process_time()
        redaction(text)
        return time.process_time() - began_s

    assert took_s(30_000) < max(20 * took_s(3_000), 1.0)


def test_data_of_tools_is_redacted_in_all_its_parts() -> None:
    """Keys and texts, figures as a number, and a number in parts."""
    kept = redaction.redact_value(
        {
            "to": ["ada@example.com", {"bob@example.com": True}],
            "card": 4111111111111111,
            "parts": ["4111", "1111", "1111", "1111"],
            "seats": 4,
            "none": None,
        }
    )
    assert kept == {
        "to": ["[email]", {"[email]": True}],
        "card": "[card]",
        "parts": ["[card]"],
        "seats": 4,
        "none": None,
    }


def test_what_is_nested_without_end_is_withheld() -> None:
    """Instead of ending the call over it."""
    deep: list[object] = ["ada@example.com"]
    for _ in range(5_000):
        deep = [deep]
    assert "ada" not in repr(redaction.redact_value(deep))


def test_an_expression_that_takes_too_long_withholds_the_text() -> None:
    """What could not be looked through is not kept."""
    slow = Redaction(patterns=[r"(a|a)+$|(a|aa)+b"])
    assert slow("a" * 5_000 + "c") == "[private]"


def test_a_file_of_ones_own_adds_to_it(tmp_path: Path) -> None:
    """Words, expressions and ids."""
    path = tmp_path / "redaction.toml"
    path.write_text(
        "words = ['Falcon']\npatterns = ['R-[0-9]+']\n[[ids]]\nname = 'CPF'\n"
        r"pattern = '\d{3}\.\d{3}\.\d{3}-\d{2}'"
    )
    own = build_redaction(PrivacySettings(redaction_file=path, redaction_words=("Eagle",)))
    assert own is not None
    assert own("falcon, eagle, R-12, 123.456.789-09") == (
        "[private], [private], [private], [national id]"
    )


def test_a_file_at_fault_is_told(tmp_path: Path) -> None:
    """By the entry, at the start."""
    path = tmp_path / "redaction.toml"
    path.write_text("patterns = ['(hunter2']\n")
    with pytest.raises(SettingsError, match=r"PARLEY_REDACTION_FILE: patterns.0"):
        build_redaction(PrivacySettings(redaction_file=path))


def test_a_country_that_is_none_is_told() -> None:
    """Instead of redacting less than the operator thinks."""
    assert build_redaction(PrivacySettings(redaction_countries=("DE", "BR")))
    with pytest.raises(SettingsError, match=r"PARLEY_REDACTION_COUNTRIES: UK is no country"):
        build_redaction(PrivacySettings(redaction_countries=("DE", "UK")))


def test_it_can_be_switched_off() -> None:
    """By an operator who must keep what was said."""
    assert build_redaction(PrivacySettings(redaction=False)) is None
