"""Which calls ask for the same effect."""

from __future__ import annotations

from agent.tool_calls.arguments import Arguments, canonical
from agent.tool_calls.requests import Requests

ANNA, BEN = (Arguments({"name": name}, canonical({"name": name})) for name in ("Anna", "Ben"))


def test_a_repeated_call_has_the_same_key() -> None:
    """Before and after it has happened, the same call is the same effect, and another is not."""
    requests = Requests()
    key = requests.key("book", ANNA)
    requests.done("book", ANNA)
    assert requests.is_repeated("book", ANNA, confirmed=False)
    assert requests.key("book", ANNA) == key
    assert requests.key("book", BEN) != key
    assert requests.key("cancel", ANNA) != key


def test_after_another_effect_it_is_a_new_one() -> None:
    """What was booked, cancelled and is booked again is booked twice."""
    requests = Requests()
    key = requests.key("book", ANNA)
    requests.done("book", ANNA)
    requests.done("cancel", ANNA)
    assert not requests.is_repeated("book", ANNA, confirmed=True)
    assert requests.key("book", ANNA) != key


def test_a_model_that_insists_may_ask_the_caller() -> None:
    """After a repeated call was answered, and the caller has spoken since, a tool that asks first
    may ask again; a tool that does not ask may not run again.
    """
    requests = Requests()
    for tool in ("book", "note"):
        requests.done(tool, ANNA)
    requests.done("book", BEN)
    requests.done("note", BEN)
    assert requests.is_repeated("note", BEN, confirmed=False)
    requests.caller_spoke()
    assert requests.is_repeated("note", BEN, confirmed=False)

    alone = Requests()
    alone.done("book", ANNA)
    assert alone.is_repeated("book", ANNA, confirmed=True)
    assert alone.is_repeated("book", ANNA, confirmed=True)
    alone.caller_spoke()
    assert not alone.is_repeated("book", ANNA, confirmed=True)


def test_what_is_uncertain_is_not_done_again() -> None:
    """An effect that may have happened is not brought about again because of another one."""
    requests = Requests()
    requests.done("note", ANNA, certain=False)
    requests.done("cancel", ANNA)
    assert requests.is_repeated("note", ANNA, confirmed=False)
