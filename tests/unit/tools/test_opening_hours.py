"""When are you open?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from agent.call.appointments import Opening
from tests.fakes.business import MONDAY_NOON, FakeHours, business_call
from tools.opening_hours import opening_hours


async def asked(hours: FakeHours, **arguments: Any) -> str:
    return await opening_hours.run(business_call(hours=hours), arguments)


async def test_a_day_is_answered_for_the_ear() -> None:
    """As somebody at the desk would say it."""
    said = await asked(FakeHours(), day=date(2026, 3, 3))
    assert said == "We are open from nine to five on Tuesday the third of March."


async def test_a_closed_day_comes_with_the_next_open_one() -> None:
    """The caller need not ask again."""
    hours = FakeHours(closed={date(2026, 3, 9)})
    assert await asked(hours, day=date(2026, 3, 7)) == (
        "We are closed on Saturday the seventh of March."
        " We open on Tuesday the tenth of March at nine in the morning."
    )


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(), "We are open now, until five in the afternoon."),
        (-timedelta(hours=4), "We are closed now. We open today at nine in the morning."),
        (
            timedelta(hours=5),
            "We are closed now. We open on Tuesday the third of March at nine in the morning.",
        ),
    ],
)
async def test_without_a_day_it_says_whether_it_is_open_now(after: timedelta, said: str) -> None:
    """At noon, at eight, and at the minute of closing; then the week."""
    answer = await asked(FakeHours(at=MONDAY_NOON + after))
    assert answer == f"{said} We are usually open from nine to five from Monday to Friday."


async def test_days_with_the_same_hours_are_said_together() -> None:
    """Lunch breaks, nights, and single days."""
    nine_to_noon, to_midnight = Opening(540, 720), Opening(1080, 1440)
    hours = FakeHours(
        days={0: (nine_to_noon,), 1: (nine_to_noon, to_midnight), 5: (Opening(0, 1440),)}
    )
    assert (await asked(hours)).endswith(
        "We are usually open from nine in the morning to noon on Monday, from nine in the morning"
        " to noon and from six in the evening to midnight on Tuesday and all day on Saturday."
    )


@pytest.mark.parametrize("day", [date.max, date.min, None])
async def test_a_business_that_never_opens_says_so(day: date | None) -> None:
    """On no day, however far, is anything else found."""
    said = await asked(FakeHours(days={}), **({"day": day} if day else {}))
    assert said.startswith("We are closed")
    assert "open" not in said
