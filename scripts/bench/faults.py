"""What a caller hears when a provider fails: faults 1 to 7 in both pipelines, by script.

    python -m scripts.bench.faults [--runs 20] [--pipeline cascade] [--fault 3]

Each run is a call of its own. After the greeting the fault is put into the sandbox and the caller
asks a question. Measured at the caller, on one monotonic clock:

first sound      from the caller's last voiced sample to the agent's first audible one, be it the
                 answer, a recorded sentence, or the beginning of an answer that then breaks off.
longest silence  the longest stretch in which neither side was audible, from the same moment until
                 the answer was complete or the call was over. This is what must stay under 4 s.

A run fails when the silence is longer, when the caller gets neither the answer nor an apology with
the end of the call, or when the record is wrong: what the agent's captions say must be what was
heard, each sentence as often as it was heard. A caller who is asked to say it again does so.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.subjects import (
    DELAYS,
    PIPELINES,
    Pipeline,
    make_worker,
    provider_and_server,
)
from tests.caller.analysis import Span
from tests.caller.driver import Call, Caller, CallError
from tests.caller.recognition import normalise
from tests.caller.stack import SandboxProvider

LONGEST_SILENCE_S = 4.0
QUESTION = "When are you open?"
ANSWER = "We are open from Monday to Friday, and closed on Saturday and Sunday."
ANSWER_ENDS = "Saturday and Sunday"
LANDMARKS = ("monday", "sunday")
"""Words of the answer, one near each end, that a recogniser does not take for others."""
GREETING = "Hello, how can I help you?"
ASKED_AGAIN, APOLOGY = "say that again", "cannot take this call"
MOST_REPLIES = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of the reliability matrix, by its number there, as the sandbox plays it."""

    number: int
    pipeline: Pipeline
    name: str
    faults: tuple[dict[str, Any], ...]


def fault(on: str, kind: str, **details: Any) -> dict[str, Any]:
    """One fault of a script."""
    return {"on": on, "kind": kind, **details}


CASES = (
    Case(1, "cascade", "dropped in mid-reply", (fault("chat", "drop", after_events=8),)),
    Case(1, "cascade", "dropped in mid-speech", (fault("speech", "drop", after_events=2),)),
    Case(1, "realtime", "dropped in mid-reply", (fault("response", "drop", after_events=14),)),
    Case(2, "cascade", "accepts and drops", (fault("chat", "drop", times=0),)),
    Case(
        2,
        "realtime",
        "accepts and drops",
        (fault("response", "drop"), fault("realtime", "close", after_events=1, times=0)),
    ),
    Case(3, "cascade", "half-open", (fault("chat", "half_open", after_events=2),)),
    Case(3, "cascade", "hears, never writes", (fault("transcriptions", "hang"),)),
    Case(3, "realtime", "half-open", (fault("response", "half_open", after_events=1),)),
    Case(4, "cascade", "refuses: 401", (fault("chat", "status", status=401, times=0),)),
    Case(
        4,
        "realtime",
        "refuses: 401",
        (fault("response", "drop"), fault("realtime", "status", status=401, times=0)),
    ),
    Case(
        5,
        "cascade",
        "429, 500 and 503",
        (
            fault("transcriptions", "status", status=500),
            fault("chat", "status", status=429, retry_after_s=2),
            fault("speech", "status", status=503),
        ),
    ),
    Case(
        5,
        "realtime",
        "503 twice",
        (fault("response", "drop"), fault("realtime", "status", status=503, times=2)),
    ),
    Case(6, "cascade", "no token", (fault("chat", "keep_alive"),)),
    Case(6, "cascade", "no audio", (fault("speech", "empty"),)),
    Case(6, "realtime", "no event", (fault("response", "hang", after_events=1),)),
    Case(6, "realtime", "no audio", (fault("response", "empty"),)),
    Case(
        7,
        "cascade",
        "garbage",
        (fault("transcriptions", "garbage"), fault("chat", "garbage"), fault("speech", "garbage")),
    ),
    Case(7, "realtime", "garbage", (fault("response", "garbage", after_events=6),)),
)


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Faults of providers, as a caller hears them.")
    parser.add_argument("--runs", type=int, default=20, help="calls for each fault")
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    parser.add_argument("--fault", type=int, choices=range(1, 8), action="append")
    options = parser.parse_args()
    pipelines, numbers = options.pipeline or PIPELINES, options.fault or range(1, 8)
    cases = [case for case in CASES if case.pipeline in pipelines and case.number in numbers]
    settings = {"runs": options.runs, "provider_delays": DELAYS, "answer": ANSWER}
    results = Results("faults", settings)
    with reported(results), tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        livekit, provider = running.enter_context(provider_and_server(folder))
        worker = running.enter_context(make_worker(PARLEY, folder, livekit, provider))
        worker.wait_until_registered()
        caller = Caller(livekit.url, logs=[worker, provider], agent_name=PARLEY)
        for case in cases:
            for _ in range(options.runs):
                asyncio.run(run(case, caller, provider, results))
    raise SystemExit(1 if results.failures else 0)


async def run(case: Case, caller: Caller, provider: SandboxProvider, results: Results) -> None:
    """One call in which the fault happens."""
    measure = f"{case.number} {case.pipeline}: {case.name}"
    play(provider)
    try:
        async with caller.call({"pipeline": case.pipeline}) as call:
            await call.hear()
            play(provider, case.faults)
            talk = Talk(call)
            outcome = await talk.through()
            silence_s = talk.longest_silence_s()
            first_s = talk.first_sound_s()
            doubt = talk.wrong_record()
            results.add(f"{measure}, first sound", PARLEY, first_s)
            results.add(f"{measure}, longest silence", PARLEY, silence_s, outcome=outcome)
            if outcome == "silent" or silence_s > LONGEST_SILENCE_S or doubt:
                why = doubt or f"{outcome}, {silence_s:.2f} s of silence"
                results.fail(f"{measure}: {why}; heard: {talk.heard}\n{call.describe()}")
    except CallError as error:
        results.fail(f"{measure}: {error}")
    finally:
        play(provider)


def play(provider: SandboxProvider, faults: Sequence[dict[str, Any]] = ()) -> None:
    """Let the provider answer as scripted, with these faults."""
    provider.play(
        delays=DELAYS,
        replies=[
            {"match": "open", "text": ANSWER, "times": 0},
            {"text": GREETING, "times": 0},
        ],
        transcripts=[{"text": QUESTION, "times": 0}],
        faults=list(faults),
    )


class Talk:
    """The caller asks, and listens until there is an answer or an end."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known = {caption.segment_id for caption in call.captions.all}
        self._said: list[Span] = []
        self._answered_s = 0.0
        self.heard = ""

    async def through(self) -> str:
        """How it ended: `answered`, `apologised` or `silent`."""
        await self._ask()
        for _ in range(MOST_REPLIES):
            try:
                reply = await self._call.reply(deadline_s=12.0, quiet_s=1.5)
            except CallError:
                break
            self.heard = f"{self.heard} {reply.words}"
            self._answered_s = reply.ended_s
            if ANSWER_ENDS in reply.words:
                return "answered"
            if APOLOGY in reply.words:
                return "apologised"
            if ASKED_AGAIN in reply.words:
                await self._ask()
        return "silent"

    async def _ask(self) -> None:
        utterance = await self._call.say(QUESTION)
        self._said.append(Span(utterance.first_sample_s, utterance.last_sample_s))

    def first_sound_s(self) -> float:
        """From the first question's last sample to the agent's first."""
        asked_s = self._said[0].end_s
        return min(
            (s.start_s - asked_s for s in self._call.ear.spans if s.start_s > asked_s),
            default=float("inf"),
        )

    def longest_silence_s(self) -> float:
        """The longest stretch without either side, up to the end of the answer."""
        begin_s = self._said[0].end_s
        sounds = [s for s in self._call.ear.spans if s.end_s > begin_s] + self._said[1:]
        longest_s, quiet_since_s = 0.0, begin_s
        for sound in sorted(sounds, key=lambda s: s.start_s):
            if sound.start_s > self._answered_s:
                break
            longest_s = max(longest_s, sound.start_s - quiet_since_s)
            quiet_since_s = max(quiet_since_s, sound.end_s)
        return longest_s if sounds else float("inf")

    def wrong_record(self) -> str:
        """What the captions say that was not heard, or heard and not shown; empty if nothing."""
        shown = " ".join(
            caption.text
            for caption in self._call.captions.of("agent")
            if caption.segment_id not in self._known
        )
        for landmark in LANDMARKS:
            counts = [normalise(text).count(landmark) for text in (shown, self.heard)]
            if counts[0] != counts[1]:
                return f"{landmark!r} was shown {counts[0]} and heard {counts[1]} times"
        return ""


if __name__ == "__main__":
    main()
