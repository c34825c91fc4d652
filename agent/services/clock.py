"""The time, handed to what needs it, so that a test can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time, aware."""


def system_clock() -> datetime:
    """The time, aware and UTC."""
    return datetime.now(UTC)
