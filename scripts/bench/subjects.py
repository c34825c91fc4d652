"""What is compared: Parley's worker and the bare one, on one server and one scripted provider.

The programs and the caller are those of the tests (`tests.caller`): one implementation serves both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scripts.bench.results import BASELINE, PARLEY
from tests.caller.driver import Caller
from tests.caller.stack import LiveKitServer, SandboxProvider, Worker

Pipeline = Literal["realtime", "cascade"]
PIPELINES: tuple[Pipeline, ...] = ("realtime", "cascade")

DELAYS: dict[str, float] = {
    "stt_s": 0.15,
    "llm_first_token_s": 0.20,
    "tts_first_byte_s": 0.12,
    "realtime_first_audio_s": 0.30,
}
"""What the provider takes, fixed, so that only the workers differ."""

TRANSCRIPT = "Could you please tell me a little more about that?"
"""What the provider claims to have heard, so that recognition costs both workers the same."""

COMMANDS = {
    PARLEY: (sys.executable, "agent.py", "start"),
    BASELINE: (sys.executable, "scripts/bench/baseline_worker.py", "start"),
}


@dataclass(frozen=True, slots=True)
class Subjects:
    """The two workers, registered, and what they share."""

    livekit: LiveKitServer
    provider: SandboxProvider
    workers: dict[str, Worker]

    def caller(self, subject: str) -> Caller:
        """Someone who calls this worker."""
        logs = [self.workers[subject], self.provider]
        return Caller(self.livekit.url, logs=logs, agent_name=subject)

    def answer(self, text: str, *, heard: str = TRANSCRIPT) -> None:
        """Let the provider answer everything with this text from now on, and claim to have heard
        these words.
        """
        plan: dict[str, Any] = {
            "delays": DELAYS,
            "replies": [{"text": text, "times": 0}],
            "transcripts": [{"text": heard, "times": 0}],
        }
        self.provider.play(**plan)


def take_settings(parser: argparse.ArgumentParser) -> None:
    """Give a bench the option `--set NAME=VALUE`, for Parley's worker; it comes as pairs."""
    parser.add_argument("--set", action="append", default=[], type=_pair, metavar="NAME=VALUE")


def _pair(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not given:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def make_worker(
    subject: str,
    folder: Path,
    livekit: LiveKitServer,
    provider: SandboxProvider,
    settings: Mapping[str, str] | None = None,
) -> Worker:
    """A worker that is not started yet; its agent name is the subject's."""
    env = {**livekit.env, **provider.env, "LIVEKIT_AGENT_NAME": subject, **(settings or {})}
    return Worker(folder, env, name=f"{subject}-worker", argv=COMMANDS[subject])


@contextmanager
def provider_and_server(folder: Path) -> Iterator[tuple[LiveKitServer, SandboxProvider]]:
    """The parts that both workers share, running."""
    with LiveKitServer(folder) as livekit, SandboxProvider(folder) as provider:
        yield livekit, provider


@contextmanager
def subjects(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Subjects]:
    """Both workers, registered and idle; Parley's with these settings beside its defaults."""
    with ExitStack() as running:
        livekit, provider = running.enter_context(provider_and_server(folder))
        workers = {}
        for subject in COMMANDS:
            own = (settings or {}) if subject == PARLEY else {}
            worker = make_worker(subject, folder, livekit, provider, own)
            workers[subject] = running.enter_context(worker)
            worker.wait_until_registered()
        yield Subjects(livekit, provider, workers)
