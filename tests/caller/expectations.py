"""What callers in several tests ask and expect to hear."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.caller.recognition import Words

ASK_HOURS = "When are you open?"
HEAR_HOURS = "Monday to Friday"
ASK_PRICE = "How much does it cost?"
HEAR_PRICE = "twenty dollars"
ANSWERS: list[dict[str, Any]] = [
    {"match": "open", "text": "We are open from Monday to Friday.", "times": 0},
    {"match": "cost", "text": "It costs twenty dollars.", "times": 0},
]
"""Replies of a scripted provider. Each may be used again: a pipeline that generates ahead of the
turn's end asks more than once for one turn. The questions are ones whose end the local turn
detector recognises, so that a test does not wait out its doubts.
"""
ASK_STORY = "Please tell me a long story."
STORY: list[dict[str, Any]] = [
    {
        "match": "story",
        "text": "There was a river and on the river was a boat and in the boat sat an old man with"
        " a dog and a cat and a basket full of bread and cheese and apples and nobody on the river"
        " knew where the old man and the dog and the cat were going with the boat and the basket.",
        "times": 0,
    }
]
"""About fifteen seconds without a pause."""


def tells_time(words: Words, zone: str) -> bool:
    """Whether these words tell the present time in a zone: the hour in 12 or 24 hours with its
    minutes, give or take the two minutes that a call may take.
    """
    now = datetime.now(ZoneInfo(zone))
    moments = [now - timedelta(minutes=minutes) for minutes in range(3)]
    return any(
        spoken in words
        for moment in moments
        for hour in {moment.hour, moment.hour % 12 or 12}
        # A recogniser writes "ten fifty-eight" as 10:58, and sometimes as 1058.
        for spoken in _ways_to_say(hour, moment.minute)
    )


def _ways_to_say(hour: int, minute: int) -> tuple[str, ...]:
    if minute == 0:
        return (f"{hour} o'clock", f"{hour} pm", f"{hour} am")
    ways = (f"{hour}:{minute:02}", f"{hour}:{minute}", f"{hour}{minute:02}")
    # "Three thirty-one" sounds like a stutter, and is written 31.
    return (*ways, f"is {minute}") if str(minute).startswith(str(hour)) else ways
