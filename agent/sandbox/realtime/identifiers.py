"""Identifiers in the shape OpenAI gives them: a word, an underscore, 21 letters and digits."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(kind: str) -> str:
    """A new identifier such as `item_…`, `resp_…`, `event_…`."""
    return f"{kind}_{''.join(secrets.choice(_ALPHABET) for _ in range(21))}"
