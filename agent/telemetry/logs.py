"""Keeps callers out of the logs: no telephone number, no address, and nothing of what was said.

The framework logs under keys marked `pii` what was said, and puts identities and room names, which
LiveKit makes of telephone numbers, into its fields and messages.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from livekit.agents.telemetry import pii

TELEMETRY_SWITCH = "LIVEKIT_TELEMETRY_ALLOW_PII"
"""The framework's: whether exporters of traces get what was said. Unset is a yes to it."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__)
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z+])\+[1-9](?:[ ().-]{0,2}\d){6,14}|(?<=sip_)\+?\d{5,15}|(?<=tel:)\+?\d{5,15}"
)
_NAMED_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?\d{9,15}(?![0-9A-Za-z])")
"""In the name of a room or a participant, figures may be a number without its plus."""
_NAMES = frozenset({"room", "room_name", "participant", "identity", "caller_identity"})
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[a-z]{2,12}\b", re.IGNORECASE)
_INPUT = re.compile(r"(input_value=).{1,400}?(, input_type=)", re.DOTALL)
"""Of pydantic's errors, which quote what they were given."""
MAX_DEPTH = 5

_QUOTES_STATEMENTS = ("aiosqlite", "sqlalchemy")
"""Libraries that log each statement with its values, which are what was said, at DEBUG or INFO."""


class Discretion(logging.Filter):
    """Lets lines pass without what they must not say, and none that quotes a statement."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter; what other handlers get of this line is as discreet."""
        if record.levelno < logging.WARNING and record.name.startswith(_QUOTES_STATEMENTS):
            return False
        fields = record.__dict__
        for key in [key for key in fields if key not in _STANDARD]:
            if pii.is_pii_attribute(key):
                del fields[key]
            else:
                fields[key] = _discreet(fields[key], key)
        _say_discreetly(record)
        return True


def keep_logs_discreet() -> None:
    """Let all handlers that there are now be discreet; repeating it is harmless.

    To be called where records are written and, before that, where they leave a job's process.
    """
    for handler in logging.getLogger().handlers:
        if not any(isinstance(present, Discretion) for present in handler.filters):
            handler.addFilter(Discretion())


def keep_telemetry_discreet(environ: MutableMapping[str, str]) -> None:
    """Let the framework export no words of a call, unless the operator has said that it may."""
    environ.setdefault(TELEMETRY_SWITCH, "0")


def masked(text: str) -> str:
    """The text with no more than the beginning and the end of telephone numbers, and without
    addresses.
    """
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    return _NUMBER.sub(_mask, text)


def masked_name(name: str) -> str:
    """The same for the name of a room or a participant, of which a number may be a part."""
    return _NAMED_NUMBER.sub(_mask, masked(name))


def _mask(match: re.Match[str]) -> str:
    number = match.group()
    shown = 3 if number.startswith("+") else 2
    return f"{number[:shown]}{'*' * (len(number) - shown - 2)}{number[-2:]}"


def _discreet(value: Any, key: str = "", depth: int = MAX_DEPTH) -> Any:
    match value:
        case str():
            return masked_name(value) if key in _NAMES else masked(value)
        case Mapping() if depth:
            return {
                name: _discreet(part, str(name), depth - 1)
                for name, part in value.items()
                if not pii.is_pii_attribute(str(name))
            }
        case list() | tuple() if depth:
            return [_discreet(part, key, depth - 1) for part in value]
        case BaseException():
            return _plainly(str(value))
        case _:
            return value


def _say_discreetly(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # the handler tells of it
        return
    if (discreet := _plainly(message)) != message:
        record.msg, record.args = discreet, None
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        # An error's words may be a caller's, and handlers would else write it anew.
        record.exc_info, record.exc_text = None, _plainly(record.exc_text)


def _plainly(text: str) -> str:
    return masked(_INPUT.sub(r"\1...\2", text) if "input_value=" in text else text)
