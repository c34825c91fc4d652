"""How the server says no."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.web.refusals import BODY_BYTES, refusal_body


@given(st.text(max_size=40), st.text(max_size=3_000))
def test_every_refusal_is_as_long_as_any_other(code: str, message: str) -> None:
    """Also one whose message does not fit, which is cut off; all are JSON."""
    body = refusal_body(code, message)
    assert len(body) == BODY_BYTES
    told = json.loads(body)
    assert told["code"] == code
    assert told["message"] == message or told["message"].endswith("…")
