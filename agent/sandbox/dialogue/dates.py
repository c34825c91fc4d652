"""Dates and times in speech. Texts come with digits for number words (see `numbers`)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

Found = tuple[tuple[int, int], str]
"""Where a phrase stands in the text, and the value it names."""

_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_DAY = r"(?:3[01]|[12]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:19|20)\s?\d\d)"
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d\d?-\d\d?)\b"
    rf"|\b(?P<slashed>\d\d?[./]\d\d?[./]\d{{4}})\b"
    rf"|\b(?P<relative>the day after tomorrow|day after tomorrow|the day before yesterday"
    rf"|day before yesterday|today|tonight|tomorrow|yesterday)\b"
    rf"|\b(?:the )?(?P<day>{_DAY})(?: of)? (?P<month>{_MONTH})"
    rf"(?:,? (?P<year>{_YEAR})(?! ?[\d:]))?\b"
    rf"|\b(?P<month2>{_MONTH})(?: the)? (?P<day2>{_DAY})(?:,? (?P<year2>{_YEAR})(?! ?[\d:]))?\b"
    rf"|\b(?:(?P<which>this|next|last|coming) )?(?P<weekday>{_WEEKDAY})s?\b(?P<week> next week)?"
    rf"|\b(?P<span>in (?:a|an|\d{{1,3}}) (?:day|week|month|year)s?|next (?:week|month|year))\b"
    rf"|\bthe (?P<ordinal>3[01]|[12]?\d)(?:st|nd|rd|th)\b(?! (?:of )?{_MONTH})",
    re.IGNORECASE,
)
_HALF = (
    r"(?P<half>\s*(?:a\.?m\b\.?|p\.?m\b\.?)|\s+in the (?:morning|afternoon|evening)|\s+at night)"
)
_MINUTES = {"half": 30, "quarter": 15}
_TIME = re.compile(
    rf"\b(?P<noon>noon|midday|midnight)\b"
    rf"|\b(?:a )?(?P<minutes>half|quarter|\d\d?)(?: minutes?)? (?P<way>past|to|after) "
    rf"(?P<hour1>\d\d?){_HALF}?(?![\d:])"
    rf"|\b(?P<hour2>[01]?\d|2[0-3])[:. ](?P<minute2>[0-5]\d)\b{_HALF.replace('half', 'half2')}?"
    rf"|\b(?P<hour3>[01]?\d|2[0-3]){_HALF.replace('half', 'half3')}"
    rf"|\b(?P<hour4>[01]?\d|2[0-3])(?: o'? ?clock\b{_HALF.replace('half', 'half4')}?)"
    rf"|\b(?:at|by|around|about) (?P<hour5>[01]?\d|2[0-3])\b(?! ?[\d:./-]| past| to| minute)"
    rf"(?: o'? ?clock)?{_HALF.replace('half', 'half5')}?",
    re.IGNORECASE,
)
_BARE_HOUR = re.compile(r"^\D*\b(?P<hour5>[01]?\d|2[0-3])\b\D*$")
_DELAY = re.compile(r"\bin (?P<count>an?|\d{1,4}|half an) (?P<unit>minute|hour)s?\b", re.IGNORECASE)
_LATEST_MORNING_HOUR = 7
"""Hours before this, said without am or pm, are taken for the afternoon: "at three" is 15:00."""


def find_date(text: str, now: datetime) -> Found | None:
    """The first date in `text`, as YYYY-MM-DD; without a year it is the next such day."""
    for match in _DATE.finditer(text):
        day = _resolve(match, now)
        if day is not None:
            return match.span(), day.isoformat()
    return None


def find_weekday(text: str, now: datetime) -> Found | None:
    """The first day in `text`, as the English name of a weekday in lower case."""
    found = find_date(text, now)
    if found is None:
        return None
    span, day = found
    return span, f"{date.fromisoformat(day):%A}".lower()


def find_time(text: str, now: datetime, *, bare: bool = False) -> Found | None:
    """The first time of day in `text`, as HH:MM; with `bare` a lone number is an hour."""
    delay = _DELAY.search(text)
    if delay:
        return delay.span(), f"{now + _length(delay):%H:%M}"
    match = _TIME.search(text) or (_BARE_HOUR.search(text) if bare else None)
    if match is None:
        return None
    clock = _clock(match.groupdict())
    return None if clock is None else (match.span(), f"{clock:%H:%M}")


def find_datetime(text: str, now: datetime) -> tuple[list[tuple[int, int]], datetime] | None:
    """The moment named in `text` and the spans that name it: a time, with a date or on the next
    day that has it still to come.
    """
    delay = _DELAY.search(text)
    if delay:
        return [delay.span()], (now + _length(delay)).replace(second=0, microsecond=0)
    day = find_date(text, now)
    rest = text if day is None else _blank(text, day[0])
    clock = find_time(rest, now)
    if clock is None:
        return None
    at = time.fromisoformat(clock[1])
    if day is not None:
        moment = datetime.combine(date.fromisoformat(day[1]), at, now.tzinfo)
        return [day[0], clock[0]], moment
    moment = datetime.combine(now.date(), at, now.tzinfo)
    return [clock[0]], moment if moment >= now else moment + timedelta(days=1)


def warm(now: datetime) -> None:
    """Load what the first date would wait for: dateparser takes about 0.3 s to import and build
    its English grammar (measured on two cores), later dates under 1 ms.
    """
    _parse("tomorrow", now)


def _resolve(match: re.Match[str], now: datetime) -> date | None:
    part = match.groupdict()
    if part["relative"] and part["relative"].lower() == "tonight":
        return now.date()
    if part["weekday"]:
        return _weekday(part["which"] or "", part["weekday"], bool(part["week"]), now)
    day, month = part["day"] or part["day2"], part["month"] or part["month2"]
    year = (part["year"] or part["year2"] or "").replace(" ", "")
    if month:
        return _parse(f"{day} {month} {year}".strip(), now)
    if part["slashed"]:
        return _parse(re.sub(r"[./]", "/", part["slashed"]), now)
    if part["ordinal"]:
        return _day_of_month(int(part["ordinal"]), now)
    return _parse(match[0].lower().removeprefix("the "), now)


def _weekday(which: str, name: str, next_week: bool, now: datetime) -> date | None:
    """Not left to dateparser, which knows no "friday next week"."""
    ahead = (_weekday_number(name) - now.weekday()) % 7
    if next_week:
        return now.date() + timedelta(days=7 - now.weekday() + _weekday_number(name))
    if which.lower() == "last":
        return now.date() + timedelta(days=ahead - 7)
    return now.date() + timedelta(days=ahead or (7 if which else 0))


def _day_of_month(number: int, now: datetime) -> date | None:
    """The next day with that number; dateparser would take "the 3rd" for March."""
    ahead = (now.date() + timedelta(days=days) for days in range(62))
    return next((day for day in ahead if day.day == number), None)


def _weekday_number(name: str) -> int:
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(name[:3].lower())


@lru_cache(maxsize=1)
def _parser_type() -> Any:
    """Dateparser's parser; imported at first use, for it takes a fifth of a second."""
    from dateparser.date import DateDataParser

    return DateDataParser


@lru_cache(maxsize=256)
def _parse(phrase: str, now: datetime) -> date | None:
    settings = {
        "RELATIVE_BASE": now.replace(tzinfo=None),
        "PREFER_DATES_FROM": "future",
        "PREFER_DAY_OF_MONTH": "first",
        "DATE_ORDER": "YMD" if phrase[:4].isdigit() else "MDY",
    }
    try:
        parsed = _parser_type()(languages=["en"], settings=settings).get_date_data(phrase)
    except (ValueError, OverflowError):
        return None
    return None if parsed.date_obj is None else parsed.date_obj.date()


def _clock(part: dict[str, str | None]) -> time | None:
    noon = (part.get("noon") or "").lower()
    if noon:
        return time(0) if noon == "midnight" else time(12)
    hour = int(_group(part, "hour"))
    half = _group(part, "half")
    minute = int(part.get("minute2") or 0)
    minutes = (part.get("minutes") or "").lower()
    if hour > 24 or (minutes.isdigit() and int(minutes) > 59):
        return None
    hour = _of_day(hour % 24, half, may_be_pm=not _group(part, "hour").startswith("0"))
    if minutes:
        past = _MINUTES.get(minutes) or int(minutes)
        total = hour * 60 + (past if (part.get("way") or "").lower() != "to" else -past)
        return time(total // 60 % 24, total % 60)
    return time(hour, minute)


def _group(part: dict[str, str | None], name: str) -> str:
    """The group that matched among those whose names differ by a number."""
    return next((value for key, value in part.items() if key.startswith(name) and value), "")


def _of_day(hour: int, half: str, *, may_be_pm: bool) -> int:
    half = half.replace(".", "").lower().strip()
    if half in ("am", "in the morning"):
        return hour % 12
    if half:
        late_night = half == "at night" and hour in (12, 1, 2, 3, 4)
        return hour % 12 if late_night else hour % 12 + 12
    return hour + 12 if may_be_pm and 0 < hour < _LATEST_MORNING_HOUR else hour


def _length(delay: re.Match[str]) -> timedelta:
    count = delay["count"].lower()
    number = 0.5 if count == "half an" else 1 if count in ("a", "an") else int(count)
    return timedelta(**{f"{delay['unit'].lower()}s": number})


def _blank(text: str, span: tuple[int, int]) -> str:
    return text[: span[0]] + "|" * (span[1] - span[0]) + text[span[1] :]
