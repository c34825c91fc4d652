"""What a caller hears when a provider fails: faults 1 to 7 in both pipelines, by script.

    python -m scripts.bench.faults [--runs 20] [--pipeline cascade] [--fault 3] [--lanes 3]

Each run is a call of its own; each lane is a provider and a worker that play one call after the
other beside the other lanes'. After the greeting the fault is put into the sandbox and the caller
asks a question. Measured at the caller, on one monotonic clock:

first sound      from the caller's last voiced sample to the agent's first audible one, be it the
                 answer, a recorded sentence, or the beginning of an answer that then breaks off.
longest silence  the longest stretch in which neither side was audible and that the agent ended,
                 from the same moment until the answer was complete or the call was over. This is
                 what must stay under 4 s. How long the caller takes to understand "could you say
                 that again?" and to say it is kept beside it, as `hesitation_s`.

A run fails when the silence is longer, when the caller gets neither the answer nor an apology with
the end of the call, or when the record is wrong: what the agent's captions say must be what was
heard, each sentence as often as it was heard. A caller who is asked to say it again does so.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench.fault_cases import CASES, Case
from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.subjects import DELAYS, PIPELINES
from tests.caller.analysis import Span
from tests.caller.driver import Call, Caller, CallError
from tests.caller.recognition import Words, normalise
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker

LONGEST_SILENCE_S = 4.0
QUESTION = "When are you open?"
ANSWER = "We are open from Monday to Friday, and closed on Saturday and Sunday."
ANSWER_ENDS = "Saturday and Sunday"
LANDMARKS = ("open", "monday", "friday", "saturday", "sunday")
"""Words from all over the answer that a recogniser does not take for others."""
GREETING = "Hello, how can I help you?"
ASKED_AGAIN, APOLOGY = "say that again", "cannot take this call"
MOST_REPLIES = 8
MOST_LATE_FRAMES = 100
"""Of a call's 2000 microphone frames. A machine that is so busy that the caller speaks later than
is written down adds seconds to any silence: such a call's times are kept apart and it is made
again, `MOST_TRIES` times at most. What it heard and read counts all the same.
"""
MOST_TRIES = 4


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Faults of providers, as a caller hears them.")
    parser.add_argument("--runs", type=int, default=20, help="calls for each fault")
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    parser.add_argument("--fault", type=int, choices=range(1, 8), action="append")
    parser.add_argument(
        "--lanes", type=int, default=1, help="calls at once; one process speaks for five at most"
    )
    options = parser.parse_args()
    pipelines, numbers = options.pipeline or PIPELINES, options.fault or range(1, 8)
    cases = [case for case in CASES if case.pipeline in pipelines and case.number in numbers]
    settings = {
        "runs": options.runs,
        "lanes": options.lanes,
        "provider_delays": DELAYS,
        "answer": ANSWER,
    }
    results = Results("faults", settings)
    with reported(results), tempfile.TemporaryDirectory() as name, ExitStack() as running:
        livekit = running.enter_context(LiveKitServer(Path(name)))
        lanes = [open_lane(f"{PARLEY}-{n}", livekit, running) for n in range(options.lanes)]
        for lane in lanes:
            lane.worker.wait_until_registered()
        asyncio.run(run_all(cases * options.runs, lanes, results))
    raise SystemExit(1 if results.failures else 0)


@dataclass(frozen=True, slots=True)
class Lane:
    """Someone who calls a worker of their own, whose provider plays their script."""

    caller: Caller
    provider: SandboxProvider
    worker: Worker


def open_lane(name: str, livekit: LiveKitServer, running: ExitStack) -> Lane:
    """A lane on this server, started and not yet registered; `name` is its agent's."""
    folder = livekit.log_path.parent / name
    provider = running.enter_context(SandboxProvider(folder))
    env = {**livekit.env, **provider.env, "LIVEKIT_AGENT_NAME": name}
    worker = running.enter_context(Worker(folder, env))
    caller = Caller(livekit.url, logs=[worker, provider], agent_name=name)
    return Lane(caller, provider, worker)


async def run_all(cases: Sequence[Case], lanes: Sequence[Lane], results: Results) -> None:
    """Play every case; a lane takes the next one when it is free."""
    waiting = iter(cases)
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(run_some(waiting, lane, results))


async def run_some(waiting: Iterator[Case], lane: Lane, results: Results) -> None:
    """Play cases in one lane for as long as there are any."""
    for case in waiting:
        for _ in range(MOST_TRIES):
            if await run(case, lane, results):
                break
        else:
            results.fail(f"{case.measure}: the machine was too busy {MOST_TRIES} times")


async def run(case: Case, lane: Lane, results: Results) -> bool:
    """One call in which the fault happens; False if its times say more about the machine."""
    play(lane.provider)
    try:
        async with lane.caller.call({"pipeline": case.pipeline}) as call:
            await call.hear()
            play(lane.provider, case.faults)
            talk = Talk(call)
            outcome = await talk.through()
            return judge(case, call, talk, outcome, results)
    except CallError as error:
        results.fail(f"{case.measure}: {error}")
        return True
    finally:
        play(lane.provider)


def judge(case: Case, call: Call, talk: Talk, outcome: str, results: Results) -> bool:
    """Keep what a call measured, and what was wrong with it; False if its times are void."""
    is_busy = call.late_frames > MOST_LATE_FRAMES
    measure = f"{case.measure}, machine too busy" if is_busy else case.measure
    silence_s = talk.longest_silence_s()
    results.add(f"{measure}, first sound", PARLEY, talk.first_sound_s())
    results.add(
        f"{measure}, longest silence",
        PARLEY,
        silence_s,
        outcome=outcome,
        late_frames=call.late_frames,
        hesitation_s=round(talk.hesitation_s(), 3),
        heard=talk.heard.strip(),
        shown=talk.shown(),
    )
    too_long = silence_s > LONGEST_SILENCE_S and not is_busy
    doubt = talk.wrong_record()
    if outcome == "silent" or too_long or doubt:
        why = doubt or f"{outcome}, {silence_s:.2f} s of silence"
        results.fail(f"{measure}: {why}; heard: {talk.heard}\n{call.describe()}")
    return not is_busy


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
            # Listening a second time takes a while, in which the caller would say nothing.
            for words in (Words(reply.words.text), reply.words):
                if ANSWER_ENDS in words:
                    return "answered"
                if APOLOGY in words:
                    return "apologised"
                if ASKED_AGAIN in words:
                    await self._ask()
                    break
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
        """The longest stretch without either side that the agent ended, up to the answer's end;
        infinite if the agent was not heard.
        """
        if not any(span.end_s > self._said[0].end_s for span in self._call.ear.spans):
            return float("inf")
        return max(self._silences_s(ended_by_caller=False))

    def hesitation_s(self) -> float:
        """The longest that the caller themselves ended."""
        return max(self._silences_s(ended_by_caller=True))

    def _silences_s(self, *, ended_by_caller: bool) -> list[float]:
        quiet_since_s = self._said[0].end_s
        sounds = [(s, False) for s in self._call.ear.spans if s.end_s > quiet_since_s]
        sounds += [(s, True) for s in self._said[1:]]
        silences = [0.0]
        for sound, is_callers in sorted(sounds, key=lambda pair: pair[0].start_s):
            if sound.start_s > self._answered_s:
                break
            if is_callers == ended_by_caller:
                silences.append(sound.start_s - quiet_since_s)
            quiet_since_s = max(quiet_since_s, sound.end_s)
        return silences

    def shown(self) -> str:
        """The agent's captions since the question."""
        return " ".join(
            caption.text.strip()
            for caption in self._call.captions.of("agent")
            if caption.segment_id not in self._known
        )

    def wrong_record(self) -> str:
        """What the captions say that was not heard, or heard and not shown; empty if nothing."""
        for landmark in LANDMARKS:
            counts = [normalise(text).count(landmark) for text in (self.shown(), self.heard)]
            if counts[0] != counts[1]:
                return f"{landmark!r} was shown {counts[0]} and heard {counts[1]} times"
        return ""


if __name__ == "__main__":
    main()
