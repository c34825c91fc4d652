"""What a call knows of its caller."""

from __future__ import annotations

from typing import Any, cast

from agent.call.state import CallerIdentity, CallState
from tests.fakes.control import FakeControl


def owner(**caller: Any) -> frozenset[str]:
    """The keys under which this caller's bookings are found again."""
    return CallState(
        call_id="1",
        language="en",
        control=FakeControl(),
        turns=cast("Any", None),
        services=cast("Any", None),
        caller=CallerIdentity(**caller),
    ).owner


def test_who_is_signed_in_finds_their_bookings_in_another_call() -> None:
    """Rooms and identities are new each time, the user is not."""
    first = owner(identity="caller-1", user="ada", tenant="acme")
    second = owner(identity="caller-2", user="ada", tenant="acme")
    assert first & second == {"call:1", "user:acme:ada"}


def test_a_user_is_another_ones_in_another_tenant() -> None:
    """Two companies may both have an Ada."""
    assert owner(user="ada", tenant="acme") & owner(user="ada", tenant="globex") == {"call:1"}
    assert owner(user="ada") & owner(user="ada", tenant="acme") == {"call:1"}


def test_a_caller_who_did_not_sign_in_shares_nothing() -> None:
    """With others who did not either."""
    assert owner(identity="caller-1") & owner(identity="caller-2") == {"call:1"}
