"""How long a caller waits for an answer, and how long an agent talks on when it is talked over.

    python -m scripts.bench.latency [--turns 20] [--interruptions 20] [--pipeline cascade]

Both are measured at the caller, in a real room, on one monotonic clock:

response   from the caller's last voiced sample to the agent's first audible one. Clips of flite are
           trimmed to their audible part, so the last sample of the clip is the last voiced one; its
           time is its place on the microphone's schedule of 10 ms frames, at which the SDK sends
           it. The agent's first audible sample is the start of the first 10 ms window above
           -45 dBFS of a run of speech (three such windows of five), dated when the SDK hands it
           over, after the jitter buffer.
barge-in   from the caller's first voiced sample to the end of the agent's last audible window, with
           at least 0.6 s of quiet after it. The agent was audible for a second before.

Encoding, network and the caller's own jitter buffer are in both figures, as they are in a caller's
life, and the same for both workers. The provider is the sandbox with fixed delays and fixed words.
Parley's worker and a bare worker (`baseline_worker`) take calls by turns in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from scripts.bench.results import Results, reported
from scripts.bench.subjects import COMMANDS, DELAYS, PIPELINES, Pipeline, Subjects, subjects
from tests.caller.driver import Call, CallError
from tests.caller.speech import Voice

SHORT_REPLY = "That is a good question."
LONG_REPLY = (
    "There was a river and on the river was a boat and in the boat sat an old man with a dog and a"
    " cat and a basket full of bread and cheese and apples and nobody on the river knew where the"
    " old man and the dog and the cat were going with the boat and the basket."
)
PHRASES: tuple[tuple[str, Voice], ...] = (
    ("When are you open?", "slt"),
    ("Thank you very much.", "rms"),
    ("How much does it cost?", "awb"),
    ("Yes, please.", "rms"),
    ("Can you help me?", "awb"),
    ("I would like to book a table for two people.", "awb"),
    ("Tell me about your opening hours.", "slt"),
    ("My order has not arrived yet.", "slt"),
    ("What is the capital of France?", "slt"),
    ("Could you please tell me a little more about that?", "slt"),
    ("What time is it in Paris?", "rms"),
    ("I need to change my appointment.", "awb"),
    ("Is there a table free tonight?", "slt"),
    ("I lost my card yesterday.", "rms"),
    ("Where is the nearest station?", "awb"),
    ("No, that is all.", "slt"),
    ("Please call me back tomorrow morning.", "rms"),
    ("Do you have any rooms left?", "slt"),
    ("I am calling about my last bill.", "awb"),
    ("The number is four one seven.", "rms"),
)
"""Twenty whole phrases, all of which count. At its first look the local turn detector (v1-mini),
which both workers use, doubts about half of them: then the longest endpointing delay is part of the
answer, as the upper percentiles show; p25 is for the phrases that nobody doubts.
"""
PHRASES_A_CALL = 5
REPLY_GAP_S = 0.6
"""Quiet after which the short reply, which has no pauses, is over."""
INTERRUPTION = "Excuse me, could you please stop for a moment?"
BARGE_INS_A_CALL = 5
AUDIBLE_BEFORE_S = 1.0


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Response latency and barge-in.")
    parser.add_argument(
        "--turns", type=int, default=20, help="answers of each worker, each pipeline"
    )
    parser.add_argument("--interruptions", type=int, default=20, help="the same for barge-ins")
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    options = parser.parse_args()
    pipelines = tuple(options.pipeline or PIPELINES)
    settings = {
        "turns": options.turns,
        "interruptions": options.interruptions,
        "pipelines": pipelines,
        "provider_delays": DELAYS,
        "phrases": PHRASES,
    }
    results = Results("latency", settings)
    with (
        reported(results),
        tempfile.TemporaryDirectory() as folder,
        subjects(Path(folder)) as running,
    ):
        for pipeline in pipelines:
            asyncio.run(measure_responses(running, pipeline, options.turns, results))
            asyncio.run(measure_barge_ins(running, pipeline, options.interruptions, results))


async def measure_responses(
    running: Subjects, pipeline: Pipeline, turns: int, results: Results
) -> None:
    """Calls by turns, until each worker was asked `turns` of the phrases. What the provider claims
    to have heard is the phrase itself.
    """
    for asked in range(0, turns, PHRASES_A_CALL):
        for subject in COMMANDS:
            running.answer(SHORT_REPLY)
            async with a_call(running, subject, pipeline, results) as call:
                await call.hear()
                for turn in range(asked, min(asked + PHRASES_A_CALL, turns)):
                    text, voice = PHRASES[turn % len(PHRASES)]
                    running.answer(SHORT_REPLY, heard=text)
                    measure = f"response, {pipeline}"
                    await measure_turn(
                        call, text, voice, measure=measure, subject=subject, results=results
                    )


async def measure_turn(
    call: Call, text: str, voice: Voice, *, measure: str, subject: str, results: Results
) -> None:
    """Ask one question and hear the answer to its end."""
    late = call.late_frames
    utterance = await call.say(text, voice=voice)
    heard = await call.hear(quiet_s=REPLY_GAP_S)
    seconds = heard.start_s - utterance.last_sample_s
    results.add(measure, subject, seconds, text=text, late_frames=call.late_frames - late)


async def measure_barge_ins(
    running: Subjects, pipeline: Pipeline, interruptions: int, results: Results
) -> None:
    """Calls by turns; the agent tells a long story and is interrupted again and again."""
    for done in range(0, interruptions, BARGE_INS_A_CALL):
        for subject in COMMANDS:
            running.answer(SHORT_REPLY)
            async with a_call(running, subject, pipeline, results) as call:
                await call.hear()
                running.answer(LONG_REPLY)
                await call.type("Tell me a story.")
                for _ in range(min(BARGE_INS_A_CALL, interruptions - done)):
                    late = call.late_frames
                    interruption = await call.interrupt(INTERRUPTION, after_s=AUDIBLE_BEFORE_S)
                    results.add(
                        f"barge-in, {pipeline}",
                        subject,
                        interruption.barge_in_s,
                        late_frames=call.late_frames - late,
                    )


@asynccontextmanager
async def a_call(
    running: Subjects, subject: str, pipeline: Pipeline, results: Results
) -> AsyncIterator[Call]:
    """A call to one worker. A failure in it is noted in the results and ends only this call."""
    try:
        async with running.caller(subject).call({"pipeline": pipeline}) as call:
            yield call
    except CallError as error:
        results.fail(f"{subject} {pipeline}: {error}")


if __name__ == "__main__":
    main()
