"""Days, times and numbers as words for the ear, in English; the model translates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ONES = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = {2: "twenty", 3: "thirty", 4: "forty", 5: "fifty"}
_ORDINALS = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_MONTHS = _words(
    "January February March April May June July August September October November December"
)
_WEEKDAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
NOON_MIN = 720


def spoken_number(number: int) -> str:
    """A number from 0 to 59 in words."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]


def spoken_weekday(weekday: int) -> str:
    """The name of a day, 0 for Monday."""
    return _WEEKDAYS[weekday]


def spoken_day(day: date) -> str:
    """Such as "Tuesday the third of March"."""
    tens, ones = divmod(day.day, 10)
    if day.day < 20:
        ordinal = _ORDINALS[day.day - 1]
    elif ones == 0:
        ordinal = {2: "twentieth", 3: "thirtieth"}[tens]
    else:
        ordinal = f"{_TENS[tens]}-{_ORDINALS[ones - 1]}"
    return f"{spoken_weekday(day.weekday())} the {ordinal} of {_MONTHS[day.month - 1]}"


def spoken_time(at: time) -> str:
    """Such as "half past three in the afternoon", "noon", or "ten oh five in the morning"."""
    return spoken_minute(60 * at.hour + at.minute)


def spoken_minute(minute_of_day: int) -> str:
    """As `spoken_time`, of minutes after midnight; 1440 is midnight too."""
    if minute_of_day % NOON_MIN == 0:
        return "noon" if minute_of_day == NOON_MIN else "midnight"
    hour = minute_of_day // 60
    if hour < 12:
        part = "in the morning" if hour >= 4 else "at night"
    else:
        part = "in the afternoon" if hour < 18 else "in the evening" if hour < 22 else "at night"
    return f"{spoken_clock(minute_of_day)} {part}"


def spoken_clock(minute_of_day: int) -> str:
    """What a clock with hands shows, such as "nine", "half past three" or "ten oh five"."""
    hour, minute = divmod(minute_of_day, 60)
    hours = spoken_number(hour % 12 or 12)
    if minute == 0:
        return hours
    if minute == 30:
        return f"half past {hours}"
    return f"{hours} {'oh ' if minute < 10 else ''}{spoken_number(minute)}"


def spoken_moment(moment: datetime) -> str:
    """Such as "Tuesday the third of March at three in the afternoon"."""
    return f"{spoken_day(moment.date())} at {spoken_time(moment.time())}"


def spoken_digits(digits: str) -> str:
    """One by one, as one says a telephone number; a plus is said, other signs are left out."""
    return " ".join(_spoken_sign(sign) for sign in digits if sign == "+" or sign.isalnum())


def _spoken_sign(sign: str) -> str:
    if sign == "+":
        return "plus"
    return _ONES[int(sign)] if sign in "0123456789" else sign


def spoken_list(words: Sequence[str], last: str = "and") -> str:
    """Such as "nine, ten and eleven"."""
    *first, final = words or [""]
    return f"{', '.join(first)} {last} {final}" if first else final
