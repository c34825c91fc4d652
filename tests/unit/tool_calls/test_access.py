"""Who may call a tool is judged by what the call knows."""

from __future__ import annotations

import pytest

from agent.call.state import CallerIdentity
from agent.call.tool import Access
from agent.tool_calls.access import refusal

UNKNOWN = CallerIdentity("anna")
VERIFIED = CallerIdentity("anna", customer="c1")
STAFF = CallerIdentity("bea", staff=True)


@pytest.mark.parametrize(
    ("access", "caller", "may"),
    [
        ("anyone", UNKNOWN, True),
        ("verified", UNKNOWN, False),
        ("verified", VERIFIED, True),
        ("verified", STAFF, False),
        ("staff", VERIFIED, False),
        ("staff", STAFF, True),
    ],
)
def test_access(access: Access, caller: CallerIdentity, may: bool) -> None:
    """Each kind of access admits those whom it names, and nobody else."""
    assert (refusal(access, caller) is None) is may
