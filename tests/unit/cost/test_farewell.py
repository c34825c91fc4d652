"""The end of a call whose budget is spent."""

from __future__ import annotations

import asyncio

import pytest

from agent.cost.farewell import SENTENCES, Farewell, sentence_in


class HeldSpeech:
    """What is being said, until the test lets it end."""

    def __init__(self, *, interrupted: bool = False) -> None:
        self.interrupted = interrupted
        self.over = asyncio.Event()

    async def wait_for_playout(self) -> None:
        """See Speech."""
        await self.over.wait()


class Line:
    """What was said, and how it ended."""

    def __init__(self, speech: HeldSpeech | None) -> None:
        self.speech = speech
        self.said: list[str] = []
        self.ended: asyncio.Future[tuple[str, bool]] = asyncio.get_running_loop().create_future()

    def announce(self, sentence: str) -> HeldSpeech:
        if self.speech is None:
            raise RuntimeError("the session is closing")
        self.said.append(sentence)
        return self.speech

    def end(self, reason: str, apologise: bool) -> None:
        self.ended.set_result((reason, apologise))


async def test_the_call_ends_after_a_sentence_was_heard() -> None:
    """In the caller's language, and once."""
    line = Line(HeldSpeech())
    farewell = Farewell(line.announce, line.end)
    farewell.begin("de-AT")
    farewell.begin("de-AT")
    await asyncio.sleep(0)
    assert line.said == [SENTENCES["de"]]
    assert not line.ended.done()
    assert line.speech is not None
    line.speech.over.set()
    assert await asyncio.wait_for(line.ended, 5) == ("budget is spent", False)


@pytest.mark.parametrize("speaks", [True, False])
async def test_who_did_not_hear_it_gets_the_recorded_apology(speaks: bool) -> None:
    """The call ends in any case."""
    speech = HeldSpeech(interrupted=True)
    speech.over.set()
    line = Line(speech if speaks else None)
    Farewell(line.announce, line.end).begin("en")
    assert await asyncio.wait_for(line.ended, 5) == ("budget is spent", True)


def test_a_language_without_a_sentence_hears_the_english_one() -> None:
    """As with all sentences."""
    assert sentence_in("fi") == SENTENCES["en"]
