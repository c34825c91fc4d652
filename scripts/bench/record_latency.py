"""Whether a caller waits longer for an answer because the call is recorded.

    python -m scripts.bench.record_latency [--turns 10] [--pipeline cascade]

Measured as the response of `scripts.bench.latency`, with the same phrases for each worker, which
take calls by turns in the same run:

off       calls are not recorded
healthy   into a SQLite file
locked    the same, with a file that another program keeps locked all the time
down      into PostgreSQL at a port where nothing answers

Each p50 is compared with that of `off`. The other workers' idle processes are there all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.latency import PHRASES, PHRASES_A_CALL, SHORT_REPLY, measure_turn
from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.subjects import DELAYS, PIPELINES, TRANSCRIPT, provider_and_server
from tests.caller.driver import Caller, CallError
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker

VARIANTS: Mapping[str, Mapping[str, str]] = {
    "off": {"PARLEY_RECORDS": "false"},
    "healthy": {},
    "locked": {},
    "down": {"PARLEY_DATABASE_URL": "postgresql://parley@127.0.0.1:1/parley"},
}


@dataclass(frozen=True, slots=True)
class Variants:
    """The workers, registered, and what they share."""

    livekit: LiveKitServer
    provider: SandboxProvider
    workers: Mapping[str, Worker]

    def caller(self, variant: str) -> Caller:
        """Someone who calls this worker."""
        return Caller(self.livekit.url, [self.workers[variant], self.provider], variant)

    def answer(self, heard: str = TRANSCRIPT) -> None:
        """Let the provider claim to have heard these words, and answer."""
        self.provider.play(
            delays=DELAYS,
            replies=[{"text": SHORT_REPLY, "times": 0}],
            transcripts=[{"text": heard, "times": 0}],
        )


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Response latency with and without records.")
    parser.add_argument("--turns", type=int, default=10, help="answers of each worker")
    parser.add_argument("--pipeline", choices=PIPELINES, default="cascade")
    options = parser.parse_args()
    results = Results("record-latency", {**vars(options), "provider_delays": DELAYS})
    with (
        reported(results),
        tempfile.TemporaryDirectory() as folder,
        variants(Path(folder)) as running,
    ):
        asyncio.run(measure(running, options.pipeline, options.turns, results))
        results.settings["p50_ratio_to_off"] = ratios = p50_ratios(results)
        print("p50 over that without records:", ratios)


@contextmanager
def variants(folder: Path) -> Iterator[Variants]:
    """All workers, and the lock."""
    with ExitStack() as running:
        livekit, provider = running.enter_context(provider_and_server(folder))
        workers = {}
        for name, env in VARIANTS.items():
            shared = {**livekit.env, **provider.env, "LIVEKIT_AGENT_NAME": name}
            worker = Worker(folder, {**shared, **env}, name=name)
            workers[name] = running.enter_context(worker)
            worker.wait_until_registered()
        file = running.enter_context(closing(sqlite3.connect(folder / "locked.sqlite3")))
        file.isolation_level = None
        file.execute("BEGIN EXCLUSIVE")
        yield Variants(livekit, provider, workers)


async def measure(running: Variants, pipeline: str, turns: int, results: Results) -> None:
    """Calls by turns, until each worker was asked so many of the phrases."""
    for asked in range(0, turns, PHRASES_A_CALL):
        for variant in VARIANTS:
            running.answer()
            try:
                async with running.caller(variant).call({"pipeline": pipeline}) as call:
                    await call.hear()
                    for turn in range(asked, min(asked + PHRASES_A_CALL, turns)):
                        text, voice = PHRASES[turn % len(PHRASES)]
                        running.answer(text)
                        await measure_turn(
                            call, text, voice, measure=variant, subject=PARLEY, results=results
                        )
            except CallError as error:
                results.fail(f"{variant}: {error}")


def p50_ratios(results: Results) -> dict[str, float]:
    """The median of each variant over that without records."""
    off_s = statistics.median(results.seconds("off", PARLEY))
    return {
        variant: round(statistics.median(results.seconds(variant, PARLEY)) / off_s, 3)
        for variant in VARIANTS
    }


if __name__ == "__main__":
    main()
