"""The two kinds of blanks in the operator's file: `{name}` of an argument or of what the call
knows, and `${PARLEY_SECRET_NAME}` of a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from agent.call.state import CallState
from agent.errors import ToolError

_BLANK = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_SECRET = re.compile(r"\$\{([^}]*)\}")

_OF_CALL: Mapping[str, Callable[[CallState], str | None]] = {
    "call.id": lambda call: call.call_id,
    "call.language": lambda call: call.language,
    "caller.identity": lambda call: call.caller.identity,
    "caller.phone_number": lambda call: call.caller.phone_number,
    "caller.customer": lambda call: call.caller.customer,
}

CALL_VALUES = frozenset(_OF_CALL)
"""What of the call itself may be sent; a model has no say in it."""


def blanks_of(template: str) -> frozenset[str]:
    """The names of a template's blanks."""
    return frozenset(_BLANK.findall(_SECRET.sub("", template)))


def secrets_of(template: str) -> frozenset[str]:
    """The variables that a template names."""
    return frozenset(_SECRET.findall(template))


def with_secrets(template: str, secrets: Mapping[str, str]) -> str:
    """A template with its secrets in place."""
    return _SECRET.sub(lambda match: secrets[match[1]], template)


def fill(
    template: str, call: CallState, given: Mapping[str, Any], quote: Callable[[str], str] = str
) -> str:
    """A template with its blanks filled, each value put through `quote`.

    Raises:
        ToolError: for what the call does not know yet.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return quote(value_of_call(name, call) if name in CALL_VALUES else as_text(given.get(name)))

    return _BLANK.sub(value, template)


def value_of_call(name: str, call: CallState) -> str:
    """One of CALL_VALUES.

    Raises:
        ToolError: when it is not known.
    """
    value = _OF_CALL[name](call)
    if not value:
        raise ToolError("It is not known who the caller is. Verify them first.")
    return value


def as_text(value: Any) -> str:
    """A JSON value as it stands in a URL or a sentence."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
