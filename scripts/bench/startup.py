"""How long `dev` takes to be usable, a worker to be registered, and a caller to be greeted.

    python -m scripts.bench.startup [--runs 3] [--calls 5]

dev to registered   from the start of `python agent.py dev`, with nothing configured, to the moment
                    the worker is registered: every part of the embedded stack runs by then.
dev to ready line   from the same start to the line that names the page's URL.
dev to page         from the same start to the first whole answer of the page.
start to registered from the start of a worker alone to "registered worker" in its log, for Parley's
                    worker and a bare one (`baseline_worker`), by turns.
join to greeting    from the moment the caller is in the room to the first audible sample of the
                    agent (see `latency` for what is audible), for both workers, by turns; the
                    provider is the sandbox with fixed delays.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.subjects import (
    COMMANDS,
    DELAYS,
    PIPELINES,
    Pipeline,
    Subjects,
    make_worker,
    provider_and_server,
    subjects,
)
from tests.caller.driver import CallError
from tests.caller.processes import Child, ProcessError, free_port

DEV_TIMEOUT_S = 120.0
PAGE_POLL_S = 0.02
GREETING = "Hello, how can I help you?"


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Start and greeting.")
    parser.add_argument("--runs", type=int, default=3, help="starts of dev and of each worker")
    parser.add_argument("--calls", type=int, default=5, help="calls to each worker, each pipeline")
    options = parser.parse_args()
    settings = {"runs": options.runs, "calls": options.calls, "provider_delays": DELAYS}
    results = Results("startup", settings)
    with reported(results), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in range(options.runs):
            measure_dev(folder / f"dev-{run}", results)
        measure_registration(folder / "registration", options.runs, results)
        with subjects(folder / "calls") as running:
            for pipeline in PIPELINES:
                asyncio.run(measure_greetings(running, pipeline, options.calls, results))


def measure_dev(folder: Path, results: Results) -> None:
    """Start the whole embedded stack once."""
    page_port = free_port()
    env = {"PARLEY_WEB_PORT": str(page_port)}
    with Child("dev", (sys.executable, "agent.py", "dev"), folder=folder, env=env) as dev:
        page_answered_s: list[float] = []
        watch = threading.Thread(
            target=_watch_page, args=(f"http://127.0.0.1:{page_port}/", dev, page_answered_s)
        )
        watch.start()
        try:
            dev.wait_for_line(r"registered worker", DEV_TIMEOUT_S)
            results.add("dev to registered", PARLEY, time.monotonic() - dev.started_s)
            dev.wait_for_line(r"Parley is ready", DEV_TIMEOUT_S)
            results.add("dev to ready line", PARLEY, time.monotonic() - dev.started_s)
        except ProcessError as error:
            results.fail(str(error))
        watch.join(DEV_TIMEOUT_S)
        for answered_s in page_answered_s:
            results.add("dev to page", PARLEY, answered_s - dev.started_s)


def _watch_page(url: str, dev: Child, answered_s: list[float]) -> None:
    while dev.is_alive:
        try:
            with urllib.request.urlopen(url, timeout=1.0) as answer:
                answer.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(PAGE_POLL_S)
        else:
            answered_s.append(time.monotonic())
            return


def measure_registration(folder: Path, runs: int, results: Results) -> None:
    """Start each worker alone, by turns."""
    with provider_and_server(folder) as (livekit, provider):
        for _ in range(runs):
            for subject in COMMANDS:
                with make_worker(subject, folder, livekit, provider) as worker:
                    worker.wait_until_registered()
                    results.add("start to registered", subject, time.monotonic() - worker.started_s)


async def measure_greetings(
    running: Subjects, pipeline: Pipeline, calls: int, results: Results
) -> None:
    """Call each worker by turns and hang up after the greeting."""
    running.answer(GREETING)
    for _ in range(calls):
        for subject in COMMANDS:
            try:
                async with running.caller(subject).call({"pipeline": pipeline}) as call:
                    heard = await call.hear()
                    results.add(
                        f"join to greeting, {pipeline}", subject, heard.start_s - call.joined_s
                    )
            except CallError as error:
                results.fail(f"{subject} {pipeline}: {error}")


if __name__ == "__main__":
    main()
