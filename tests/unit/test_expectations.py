"""What counts as having told the time."""

from __future__ import annotations

import pytest

from tests.caller.expectations import _ways_to_say
from tests.caller.recognition import Words


@pytest.mark.parametrize(
    ("heard", "hour", "minute"),
    [
        ("In Paris it is 3 p.m. on Friday.", 3, 0),
        ("In Paris it is three o'clock.", 3, 0),
        ("In Paris it is 10:58 PM.", 10, 58),
        ("In Paris it is 1058 PM.", 10, 58),
        ("In Paris it is 31 PM.", 3, 31),
    ],
)
def test_a_time_is_recognised_however_it_is_written(heard: str, hour: int, minute: int) -> None:
    """A recogniser writes one time in many ways, and the full hour without minutes."""
    words = Words(heard)
    assert any(way in words for way in _ways_to_say(hour, minute))
    assert not any(way in words for way in _ways_to_say(hour, 17))
