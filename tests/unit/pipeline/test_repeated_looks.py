"""The end of a turn, looked for more than once in a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from livekit.agents.language import LanguageCode
from livekit.agents.voice.turn import TurnDetectionEvent

from agent.pipeline.repeated_looks import LOOKS, RepeatedLooksDetector, RepeatedLooksStream

THRESHOLD = 0.36


class Model:
    """The stream within, with judgements made up beforehand."""

    prediction_timeout = 1.0
    model = "made-up"

    def __init__(self, judgements: Iterator[float]) -> None:
        self._judgements = judgements
        self.looks = 0

    async def supports_language(self, language: LanguageCode | None) -> bool:
        return True

    async def unlikely_threshold(self, language: LanguageCode | None) -> float:
        return THRESHOLD

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        self.looks += 1
        future: asyncio.Future[TurnDetectionEvent] = asyncio.get_running_loop().create_future()
        future.set_result(
            TurnDetectionEvent(
                type="eot_prediction",
                end_of_turn_probability=next(self._judgements),
                last_speaking_time=0.0,
            )
        )
        return future

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        pass

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    ("judgements", "looks", "is_over"),
    [
        ([0.5], 1, True),
        ([0.3, 0.45], 2, True),
        ([0.3, 0.3, 0.42], 3, True),
        ([0.1, 0.2, 0.3, 0.3], 4, False),
        ([0.37, 0.2, 0.2, 0.3], 4, False),
    ],
)
async def test_as_many_looks_as_it_takes(
    judgements: list[float], looks: int, is_over: bool
) -> None:
    """A clear case is decided at once, a doubtful one by the mean of all looks."""
    model = Model(iter(judgements))
    stream = RepeatedLooksStream(model, LanguageCode("en"))
    event = await stream.predict()
    assert model.looks == looks
    assert (event.end_of_turn_probability >= THRESHOLD) is is_over
    await stream.aclose()


async def test_a_caller_who_goes_on_ends_the_looking() -> None:
    """Who waits for the decision hears that the turn is open."""
    model = Model(iter([0.1] * len(LOOKS)))
    stream = RepeatedLooksStream(model, LanguageCode("en"))
    decision = stream.predict()
    stream.cancel_inference()
    assert (await decision).end_of_turn_probability == 0.0
    assert stream.model == "made-up"
    await stream.aclose()


async def test_the_threshold_is_that_of_the_calls_language() -> None:
    """The framework knows the language only from transcripts, which come too late here."""
    thresholds = []
    for language in ("en", "de"):
        stream = RepeatedLooksDetector(language=language).stream()
        thresholds.append(await stream.unlikely_threshold(None))
        await stream.aclose()
    assert thresholds == [0.36, 0.245]
