"""Which silences of a call with a fault are the agent's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scripts.bench.faults import Talk
from tests.caller.analysis import Span
from tests.caller.recognition import Words


class Line:
    """A call in which the agent asks the caller to say it again, and answers then."""

    def __init__(self) -> None:
        self.captions = SimpleNamespace(all=[])
        self.ear = SimpleNamespace(spans=[Span(13.0, 15.0), Span(22.0, 26.0)])
        self._questions = [Span(9.0, 10.0), Span(20.0, 21.0)]
        self._replies = ["Sorry, could you say that again?", "On Saturday and Sunday."]

    async def say(self, _: str) -> Any:
        """The next question."""
        said = self._questions.pop(0)
        return SimpleNamespace(first_sample_s=said.start_s, last_sample_s=said.end_s)

    async def reply(self, **_: float) -> Any:
        """The next reply."""
        text = self._replies.pop(0)
        ended_s = self.ear.spans[1 - len(self._replies)].end_s
        return SimpleNamespace(words=Words(text), ended_s=ended_s)


async def test_a_caller_who_hesitates_is_no_silent_agent() -> None:
    """The agent was silent for three seconds, and for one; the caller for five."""
    line: Any = Line()
    talk = Talk(line)
    assert await talk.through() == "answered"
    assert talk.longest_silence_s() == pytest.approx(3.0)
    assert talk.hesitation_s() == pytest.approx(5.0)


async def test_who_never_hears_the_agent_waits_for_ever() -> None:
    """There is no bound that such a call keeps."""
    line: Any = Line()
    talk = Talk(line)
    await talk.through()
    line.ear.spans = []
    assert talk.longest_silence_s() == float("inf")
