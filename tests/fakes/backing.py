"""What stands behind a call that keeps nothing: dictionaries, and the bundled guardrails."""

from __future__ import annotations

from agent.bootstrap import Backing
from agent.guardrails.guardrails import Background
from agent.guardrails.policy import load_policy
from tests.fakes.business import business_call
from tests.fakes.ledger import FakeLedger


def fake_backing() -> Backing:
    """A backing that needs no closing."""
    return Backing(business_call().services, FakeLedger(), {}, Background(load_policy()))
