"""What a caller has agreed to."""

from __future__ import annotations

from agent.call.consent import Consent, ConsentDecided


def test_nothing_is_kept_before_the_caller_agrees() -> None:
    """And all of it where nobody has to."""
    assert Consent(required=False).may_keep
    consent = Consent(required=True)
    assert not consent.may_keep
    consent.give("voice")
    assert consent.may_keep


def test_a_refusal_is_a_fact_that_is_told() -> None:
    """Once, and a later yes does not undo it."""
    told: list[ConsentDecided] = []
    consent = Consent(required=True)
    consent.on_decided(told.append)
    consent.refuse("key")
    consent.refuse("voice")
    consent.give("voice")
    assert told == [ConsentDecided("refused", "key")]
    assert not consent.may_keep


def test_consent_can_be_taken_back() -> None:
    """From then on nothing more is kept."""
    consent = Consent(required=True)
    consent.give("text")
    consent.refuse("voice")
    assert consent.state == "refused"


def test_who_needs_not_be_asked_has_not_decided() -> None:
    """Nothing is told of a call without the question."""
    told: list[ConsentDecided] = []
    consent = Consent(required=False)
    consent.on_decided(told.append)
    consent.give("voice")
    consent.refuse("voice")
    assert consent.state == "not needed"
    assert told == []
