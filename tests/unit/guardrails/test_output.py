"""Reading a reply while it comes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agent.guardrails.checks import Knowledge, checks_of
from agent.guardrails.leaks import Secrets
from agent.guardrails.output import Checker, Trip
from agent.guardrails.personal import Known
from agent.guardrails.policy import Rule, load_policy

RULES = {
    name: TypeAdapter[Rule](Rule).validate_python(rule)
    for name, rule in {
        "words": {"kind": "words", "words": ["zebra", "stock tip", "gambl*"]},
        "topic": {"kind": "words", "words": ["dose", "pill", "symptom"], "least": 2},
        "patterns": {"kind": "patterns", "patterns": [r"\bcode \d{3}\b", r"(x+x+)+y"]},
        "secrets": {"kind": "secrets"},
        "instructions": {"kind": "instructions", "words": 6},
        "personal": {"kind": "personal", "allowed": ["+49 30 901820"]},
        "length": {"kind": "length", "characters": 400},
    }.items()
}
INSTRUCTIONS = (
    "You are the voice of a small hotel and you never talk about the prices of rooms."
    ' Say "Welcome to the small hotel by the lake, how can I help you?" first.'
)
KNOWN = Known()
KNOWN.note("My number is +1 650 253 0000.")
CHECKS = checks_of(
    RULES, Knowledge(Secrets(["hunter2-hunter2-hunter2"]), INSTRUCTIONS, KNOWN, "US")
)


def read(parts: Iterable[str], *, first_clause: bool = False) -> tuple[Trip | None, str]:
    """What trips, and what may be spoken of it."""
    checker = Checker(CHECKS, first_clause=first_clause)
    released = ""
    for part in parts:
        trip = checker.read(part)
        released += checker.take()
        if trip is not None:
            return trip, released
    trip = checker.finish()
    return trip, released + checker.take()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("words", "We are open. There is a Zеbrа here."),
        ("words", "This is a stock-tip."),
        ("words", "He likes gambling."),
        ("topic", "Take one pill. It is the usual dose."),
        ("patterns", "The door has code 123."),
        ("secrets", "It is sk-proj-abcdefghijklmnop1234."),
        ("secrets", "It is hunter2 hunter2 hunter2."),
        ("instructions", "I was told: you never talk about the prices of rooms."),
        ("personal", "Write to bert@example.org."),
        ("personal", "Write to bert at example dot org."),
        ("personal", "Call 650 253 1234, please."),
        ("personal", "The card is 4111 1111 1111 1111."),
        (
            "personal",
            "The card is four one one one, one one one one, one one one one, one one one one.",
        ),
        ("length", "We are open from nine until five on every day. " * 9),
    ],
)
def test_what_a_rule_forbids_trips_it(rule: str, text: str) -> None:
    """Whatever it hides behind."""
    assert read([text])[0] == Trip(rule)


@pytest.mark.parametrize(
    "text",
    [
        "We are open from nine until five. Your order 40217 comes on 2026-12-25, at 10:30.",
        "One pill is enough.",
        "Welcome to the small hotel by the lake, how can I help you?",
        "Our number is plus four nine three oh nine oh one eight two oh.",
        "Is your number 650 253 0000?",
        "I noted six five oh, two five three, oh oh oh oh.",
        "The sum is 4111 1111 1111 1112.",
    ],
)
def test_what_callers_may_hear_does_not_trip(text: str) -> None:
    """Dates and sums, what the instructions quote, and numbers of the business and the caller."""
    assert read([text]) == (None, text)


def test_what_came_before_the_sentence_that_trips_may_be_spoken() -> None:
    """And nothing of that sentence."""
    trip, released = read(["We are open today. There is, as you know, a zebra in the zoo."])
    assert trip == Trip("words")
    assert released == "We are open today. "


def test_a_trip_is_found_before_its_sentence_ends() -> None:
    """A long sentence is looked at while it comes."""
    checker = Checker(CHECKS, every_characters=100)
    assert checker.read("There is a zebra in the zoo, and " + "more and " * 8) == Trip("words")


def test_the_first_clause_may_be_spoken_sooner() -> None:
    """Where that is wanted: what follows in its sentence may still trip."""
    parts = ["I can tell you something nice, ", "there is a zebra."]
    assert read(parts, first_clause=True) == (Trip("words"), "I can tell you something nice, ")
    assert read(parts) == (Trip("words"), "")


def test_half_a_word_is_not_judged() -> None:
    """Where the look after a hundred characters falls into a word, the rest is waited for."""
    filler = "x " * 47
    assert read([filler + "zebra", "fish are fine."])[0] is None


_ALPHABET = st.sampled_from(
    [
        "zebra",
        "stock",
        "tip",
        "code",
        "123",
        "open. ",
        "We",
        "pill",
        "dose",
        ", ",
        "! ",
        " ",
        "\n",
        "650 253 1234",
        "650 253 0000",
        "a@b.org",
        "sk-",
        "abcdefgh12345678",
        "。",
        "”",
        "the prices",
        "you never talk about",
        "of rooms",
        "four one ",
        "xxxxxxxx",
        "Zе",
        "e",
        "x" * 90,
    ]
)


@given(
    words=st.lists(_ALPHABET, max_size=40),
    cuts=st.lists(st.integers(0, 900), max_size=12),
    first_clause=st.booleans(),
)
def test_how_a_text_is_cut_makes_no_difference(
    words: list[str], cuts: list[int], first_clause: bool
) -> None:
    """The same rule trips, and the same may be spoken, however the model sends it."""
    text = " ".join(words)
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[a:b] for a, b in itertools.pairwise(bounds)]
    whole = read([text], first_clause=first_clause)
    assert read(parts, first_clause=first_clause) == whole
    assert read(text, first_clause=first_clause) == whole


def test_a_reply_that_does_not_trip_may_be_spoken_whole() -> None:
    """No character is lost or changed, also at its end."""
    text = "Yes.  We are\n\nopen, from 9.30 to 5. Good b"
    assert read(text) == (None, text)


def test_an_expression_that_takes_too_long_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """It holds nothing up for longer than its limit, finds nothing from then on, and is logged."""
    checks = checks_of({"patterns": RULES["patterns"]}, Knowledge())
    began_s = time.monotonic()
    checker = Checker(checks)
    assert checker.read("x" * 5_000 + "code 123") is None or time.monotonic() - began_s < 1
    assert "takes too long" in caplog.text
    assert time.monotonic() - began_s < 1


def test_a_long_reply_is_read_in_little_time() -> None:
    """A look is bounded, however long the reply: the whole of 2,000 characters takes far less than
    the time in which they are spoken.
    """
    policy = load_policy()
    rules = {name: rule for name, rule in policy.chosen(None).items() if name != "length"}
    checker = Checker(checks_of(rules, Knowledge(instructions=INSTRUCTIONS, region="US")))
    text = ("We are open from nine until five on weekdays, and on Saturday until one. " * 30)[:2000]
    began_s = time.process_time()
    for at in range(0, len(text), 4):
        assert checker.read(text[at : at + 4]) is None
    assert time.process_time() - began_s < 1.0


def test_secrets_are_not_in_what_is_logged() -> None:
    """Neither in a representation nor in an error."""
    assert "hunter2" not in repr(Secrets(["hunter2-hunter2-hunter2"]))
    assert "hunter2" not in repr(Knowledge(Secrets(["hunter2-hunter2-hunter2"])))
