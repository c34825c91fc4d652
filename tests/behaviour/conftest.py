"""With whom the personas are tried: the sandbox, and a real provider with `-m live` and a key."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.behaviour.conversation import Conversation, talk_with, text_settings

Talk = Callable[[str], AbstractAsyncContextManager[Conversation]]


@pytest.fixture(params=["sandbox", pytest.param("provider", marks=pytest.mark.live)])
def talk(request: pytest.FixtureRequest, tmp_path: Path) -> Talk:
    """Begins a conversation with a persona."""
    if request.param == "sandbox":
        settings = text_settings(request.getfixturevalue("provider").env, tmp_path)
        return lambda persona: talk_with(persona, settings)
    key = os.environ.get("OPENAI_API_KEY")
    if key is None or "live" not in request.config.getoption("markexpr"):
        pytest.skip("needs OPENAI_API_KEY and -m live")
    settings = text_settings({"OPENAI_API_KEY": key}, tmp_path)
    return lambda persona: talk_with(persona, settings, judged=True)
