"""Guardrails in whole calls: what the caller does not hear."""

from __future__ import annotations

import logging
import math
import time

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tests.caller.agent import agent_in
from tests.caller.driver import Caller
from tests.caller.ear import SAMPLE_RATE_HZ
from tests.caller.stack import LiveKitServer, SandboxProvider

ASKED = ("one", "two", "three")


def slip(number: str) -> dict[str, object]:
    """What a model says once to who asks for a thing of this number; after that it does as told."""
    return {
        "match": f"{number} thing",
        "text": "The river is long and wide and slow today. That is bullshit, my friend, and the"
        " old man in the boat with the cheese and the apples and the dog said so to everybody.",
        "times": 1,
    }


CUT_S = 0.15
"""From the words that trip to the last sound that the caller hears."""
QUIET_RMS = 60.0
QUIET_S = 0.1


def first_quiet_s(samples: NDArray[np.int16]) -> float:
    """When it falls silent for longer than any consonant does, in seconds from the first sample."""
    step = SAMPLE_RATE_HZ // 100
    steps = samples[: samples.size // step * step].reshape(-1, step).astype(np.float32)
    is_quiet = np.sqrt(np.mean(steps**2, axis=1)) < QUIET_RMS
    runs = sliding_window_view(is_quiet, round(QUIET_S * 100)).all(axis=1)
    return float(np.argmax(runs)) / 100 if runs.any() else math.inf


class Trips(logging.Handler):
    """When guardrails tripped."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See Handler."""
        if record.getMessage() == "guardrail tripped":
            self.at_s.append(time.monotonic())


async def test_a_reply_is_cut_where_it_trips(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """What should not be said is not shown, the rest of the reply not heard, and another sentence
    said instead.
    """
    provider.play(replies=[slip("one")])
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        await call.type("Tell me one thing.")
        reply = await call.reply()
        assert "cheese" not in reply.words
        assert "cannot talk about that" in reply.words
        shown = " ".join(caption.text for caption in call.captions.of("agent"))
        assert "bullshit" not in shown
        assert "cheese" not in shown


async def test_the_sound_ends_with_the_words_that_trip(
    livekit_server: LiveKitServer, provider: SandboxProvider
) -> None:
    """In the realtime pipeline, whose sound comes with its words, it ends within 150 ms. The other
    sentence comes a while later here, so that the end can be heard.
    """
    provider.play(replies=[slip("one")], delays={"realtime_first_audio_s": 0.6})
    trips = Trips()
    logging.getLogger("agent.guardrails.guardrails").addHandler(trips)
    try:
        async with (
            Caller(livekit_server.url, logs=[provider]).call(dispatched=False) as call,
            agent_in(call, "realtime", livekit_server, provider),
        ):
            await call.wait_for_agent()
            await call.type("Tell me one thing.")
            await call.hear()
            (tripped_s,) = trips.at_s
            samples = call.ear.samples(tripped_s, tripped_s + 1.0)
            assert first_quiet_s(samples) < CUT_S
    finally:
        logging.getLogger("agent.guardrails.guardrails").removeHandler(trips)


@pytest.mark.mostly_in("cascade")
async def test_the_third_trip_ends_the_call(
    caller: Caller, provider: SandboxProvider, pipeline: str
) -> None:
    """Politely: there is a goodbye, and then the line is closed."""
    provider.play(replies=[slip(number) for number in ASKED])
    async with caller.call({"pipeline": pipeline}) as call:
        await call.greeted()
        for number in ASKED[:-1]:
            await call.type(f"Tell me {number} thing.")
            await call.hear()
        await call.type(f"Tell me {ASKED[-1]} thing.")
        assert "cannot go on" in (await call.reply()).words
        await call.wait_until_ended()
