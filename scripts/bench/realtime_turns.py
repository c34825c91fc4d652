"""Who should decide in the realtime pipeline that a caller has finished: Parley or the provider?

    python -m scripts.bench.realtime_turns [--turns 20] [--against server_vad]
        [--set PARLEY_ENDPOINTING=fast]

Parley's worker runs with its local turn detector and beside it with the provider's, `server_vad`
at the API's default silence of 500 ms or `semantic_vad`; they hear the same recordings by turns.
The response latency is that of `scripts.bench.latency`. In the table `parley` is the local detector
and `baseline` the provider's. `--set` gives the former another setting, and `--against nothing`
lets it run alone: what a turn's end costs at each profile is a curve.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.bench.latency import PHRASES, PHRASES_A_CALL, SHORT_REPLY, a_call, measure_turn
from scripts.bench.results import BASELINE, PARLEY, Results, percentile, reported
from scripts.bench.subjects import DELAYS, Subjects, provider_and_server, take_settings
from tests.caller.stack import Worker

RIVALS = ("server_vad", "semantic_vad")
NOTHING = "nothing"


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Local against the provider's turn detection.")
    parser.add_argument("--turns", type=int, default=20, help="phrases each of the two hears")
    parser.add_argument("--against", choices=(*RIVALS, NOTHING), default="server_vad")
    take_settings(parser)
    options = parser.parse_args()
    own = dict(options.set)
    settings = {
        "set": own,
        "turns": options.turns,
        "against": options.against,
        "provider_delays": DELAYS,
        "phrases": PHRASES,
    }
    results = Results("realtime_turns", settings)
    with (
        reported(results),
        tempfile.TemporaryDirectory() as folder,
        detectors(Path(folder), options.against, own) as running,
    ):
        asyncio.run(measure(running, f"realtime : {options.against}", options.turns, results))
    print_phrases(results)


@contextmanager
def detectors(folder: Path, rival: str, own: Mapping[str, str]) -> Iterator[Subjects]:
    """A worker for each detector, registered and idle."""
    variants: dict[str, Mapping[str, str]] = {PARLEY: {"PARLEY_TURN_DETECTION": "local", **own}}
    if rival != NOTHING:
        variants[BASELINE] = {
            "PARLEY_TURN_DETECTION": "server",
            "PARLEY_REALTIME_SERVER_DETECTION": rival,
            "PARLEY_REALTIME_VAD_SILENCE_S": "0.5",
        }
    with ExitStack() as running:
        livekit, provider = running.enter_context(provider_and_server(folder))
        workers = {}
        for subject, variant in variants.items():
            env = {**livekit.env, **provider.env, "LIVEKIT_AGENT_NAME": subject, **variant}
            env["PARLEY_PIPELINE"] = "realtime"
            argv = (sys.executable, "agent.py", "start")
            worker = Worker(folder, env, name=f"{subject}-worker", argv=argv)
            workers[subject] = running.enter_context(worker)
            worker.wait_until_registered()
        yield Subjects(livekit, provider, workers)


async def measure(running: Subjects, name: str, turns: int, results: Results) -> None:
    """Calls by turns, until each detector has heard `turns` of the phrases."""
    for asked in range(0, turns, PHRASES_A_CALL):
        for subject in running.workers:
            running.answer(SHORT_REPLY)
            async with a_call(running, subject, "realtime", results) as call:
                await call.hear()
                for turn in range(asked, min(asked + PHRASES_A_CALL, turns)):
                    text, voice = PHRASES[turn % len(PHRASES)]
                    running.answer(SHORT_REPLY, heard=text)
                    await measure_turn(
                        call, text, voice, measure=name, subject=subject, results=results
                    )


def print_phrases(results: Results) -> None:
    """The median of each phrase: which ones the local detector doubts."""
    print(f"\n{'local':>7} {'other':>7}  phrase")
    for text, _ in PHRASES:
        columns = []
        for subject in (PARLEY, BASELINE):
            seconds = [
                sample.seconds
                for sample in results.samples
                if sample.subject == subject and sample.conditions.get("text") == text
            ]
            columns.append(f"{percentile(seconds, 50):7.3f}" if seconds else f"{'':7}")
        print(f"{' '.join(columns)}  {text}")


if __name__ == "__main__":
    main()
