"""A language model's verdict."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import llm

from agent.guardrails.judge import LanguageModelJudge
from tests.fakes.streaming_model import StreamingModel


class Silent(StreamingModel):
    """Never answers."""

    def chat(self, **options: Any) -> llm.LLMStream:  # type: ignore[override]
        self.replies = [["one moment"]]
        stream = super().chat(**options)
        stream.collect = asyncio.Event().wait  # type: ignore[assignment,method-assign]
        return stream


@pytest.mark.parametrize(
    ("answer", "violates"),
    [
        ('{"violates": true}', True),
        ('Here: {"violates": false}', False),
        ('{"violates":true}.', True),
    ],
)
async def test_a_verdict_is_read(answer: str, violates: bool) -> None:
    """Out of the JSON in the answer; the text is told as data."""
    model = StreamingModel([answer])
    judge = LanguageModelJudge(lambda: model, limit_s=2)
    assert await judge.violates("Is it rude?", "Go away.") is violates
    asked = [m.text_content or "" for m in model.asked[0].items if isinstance(m, llm.ChatMessage)]
    assert "Is it rude?" in asked[0]
    assert asked[1] == '<data source="reply">\nGo away.\n</data>'


@pytest.mark.parametrize("answer", ["Yes", '{"violates": "maybe"}', '{"harm": 1}'])
async def test_an_answer_that_is_no_verdict_holds_nothing_up(
    answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply goes on, and the failure is counted and logged, without the words."""
    judge = LanguageModelJudge(lambda: StreamingModel([answer]), limit_s=2)
    assert not await judge.violates("Is it rude?", "Go away.")
    assert judge.failures == 1
    assert "a reply was not judged" in caplog.text
    assert "Go away" not in caplog.text


async def test_a_late_verdict_is_not_waited_for() -> None:
    """The reply goes on."""
    judge = LanguageModelJudge(Silent, limit_s=0.05)
    async with asyncio.timeout(2):
        assert not await judge.violates("Is it rude?", "Go away.")
    assert judge.failures == 1
