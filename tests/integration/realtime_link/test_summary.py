"""The summary of a conversation by a language model behind the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.agents import llm
from livekit.plugins import openai

from agent.pipeline.realtime_link import LanguageModelSummary
from agent.pipeline.realtime_link.summary import summary_of
from agent.sandbox.script import Plan
from tests.integration.sandbox.conftest import Sandbox

ITEMS: list[llm.ChatItem] = [
    llm.ChatMessage(role="user", content=["My name is Ada and I lost my red umbrella."]),
    llm.ChatMessage(role="assistant", content=["Where was that?"]),
]


@pytest.fixture
async def summarise(sandbox: Sandbox) -> AsyncIterator[LanguageModelSummary]:
    """Asks the sandbox's language model."""
    address = f"http://127.0.0.1:{sandbox.port}/v1"
    async with openai.LLM(base_url=address, api_key="any") as model:
        yield LanguageModelSummary(lambda: model)


def play(sandbox: Sandbox, **plan: Any) -> None:
    reply = {"match": "Caller: My name is Ada", "text": "Ada seeks a red umbrella.", "times": 0}
    sandbox.script.load(Plan.model_validate({"replies": [reply], **plan}))


async def test_the_language_model_is_asked_for_the_summary(
    sandbox: Sandbox, summarise: LanguageModelSummary
) -> None:
    """It is given what was said, and its answer is the note."""
    play(sandbox)
    note = (await summary_of(ITEMS, summarise)).note
    assert (note.text_content or "").endswith("\nAda seeks a red umbrella.")


async def test_a_language_model_that_fails_leaves_an_extract(
    sandbox: Sandbox, summarise: LanguageModelSummary
) -> None:
    """What was said is told in its own words."""
    play(sandbox, faults=[{"on": "chat", "kind": "status", "status": 500, "times": 0}])
    note = (await summary_of(ITEMS, summarise)).note
    assert "Caller: My name is Ada and I lost my red umbrella." in (note.text_content or "")
