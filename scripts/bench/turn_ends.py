"""Utterances with a pause in each, heard by real sessions: who ends the turn in the pause, and how
soon does it end when the caller has finished?
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from livekit.agents import Agent, AgentSession
from livekit.agents.utils import http_context
from livekit.plugins import openai
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

from agent.bootstrap import build_call, plan_call
from agent.call.options import CallOptions
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.profiles import PROFILES
from agent.pipeline.turns import load_vad
from agent.settings import load_settings
from scripts.bench import baseline_worker
from scripts.bench.listening import LONGEST_WAIT_S, Listener, listening
from scripts.bench.recordings import Recording
from scripts.bench.subjects import DELAYS, PIPELINES, Pipeline
from tests.caller.stack import SandboxProvider
from tests.fakes.backing import fake_backing
from tests.fakes.control import FakeControl

AT_ONCE = 6
"""Callers at the same time, each with a provider of its own: two cores bear no more on time."""
SHORT_REPLY = "Very well."
SERVER_VAD_SILENCE_MS = 500

_NO_ROOM = {
    "LIVEKIT_URL": "ws://127.0.0.1",
    "LIVEKIT_API_KEY": "none",
    "LIVEKIT_API_SECRET": "none",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that decides when turns end."""

    name: str
    pipeline: Pipeline
    build: Callable[[Connections], tuple[AgentSession[Any], Agent]]
    """Builds a session in an environment that names the provider."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one utterance."""

    text: str
    voice: str
    pause_s: float
    is_cut_off: bool
    latency_s: float | None
    """From the last voiced sample to the end of the turn."""
    answer_s: float | None
    """From the last voiced sample to the first audio of the answer."""


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate on both axes: the share of pauses in which it ended the turn, and the time it let
    pass after true ends.
    """

    cut_off_share: float
    mean_latency_s: float
    median_latency_s: float
    p90_latency_s: float
    median_answer_s: float


def candidates() -> tuple[Candidate, ...]:
    """Parley's profiles, the framework's defaults, and silence alone, in both pipelines."""
    of_parley = [
        Candidate(f"{profile}, {pipeline}", pipeline, _parley(profile, pipeline))
        for pipeline in PIPELINES
        for profile in PROFILES
    ]
    return (
        *of_parley,
        Candidate(
            "framework's defaults, cascade", "cascade", _plain(baseline_worker.cascade_session)
        ),
        Candidate(
            "framework's defaults, realtime", "realtime", _plain(baseline_worker.realtime_session)
        ),
        Candidate("VAD only, cascade", "cascade", _plain(_vad_only)),
        Candidate("VAD only, realtime", "realtime", _plain(_server_vad)),
    )


def _parley(
    profile: str, pipeline: Pipeline
) -> Callable[[Connections], tuple[AgentSession[Any], Agent]]:
    def build(connections: Connections) -> tuple[AgentSession[Any], Agent]:
        settings = load_settings({**os.environ, **_NO_ROOM, "PARLEY_ENDPOINTING": profile})
        plan = plan_call(settings, CallOptions(pipeline=pipeline))
        call = build_call(
            settings,
            plan,
            fake_backing(),
            call_id="bench",
            vad=load_vad(),
            connections=connections,
            control=FakeControl(),
        )
        return call.session, call.agent

    return build


def _plain(
    make: Callable[[], AgentSession[None]],
) -> Callable[[Connections], tuple[AgentSession[Any], Agent]]:
    return lambda _: (make(), Agent(instructions=baseline_worker.INSTRUCTIONS))


def _vad_only() -> AgentSession[None]:
    return AgentSession(
        stt=openai.STT(),
        llm=openai.LLM(),
        tts=openai.TTS(),
        turn_handling={"turn_detection": "vad"},
    )


def _server_vad() -> AgentSession[None]:
    detection = ServerVad(type="server_vad", silence_duration_ms=SERVER_VAD_SILENCE_MS)
    return AgentSession(llm=openai.realtime.RealtimeModel(turn_detection=detection))


async def hear(
    candidate: Candidate, recordings: Sequence[Recording], providers: Sequence[SandboxProvider]
) -> list[Outcome]:
    """What becomes of each recording; as many callers at once as there are providers."""
    shares = [recordings[index :: len(providers)] for index in range(len(providers))]
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(_call(candidate, share, provider))
            for share, provider in zip(shares, providers, strict=True)
        ]
    return [outcome for call in calls for outcome in call.result()]


async def _call(
    candidate: Candidate, recordings: Sequence[Recording], provider: SandboxProvider
) -> list[Outcome]:
    async with http_context.open():
        connections = Connections(load_certificates())
        await _claim(provider, "")
        os.environ.update(provider.env)  # no other call gets between this line and the next
        session, agent = candidate.build(connections)
        connections.start()
        try:
            async with listening(session, agent, candidate.pipeline) as listener:
                return [await _hear(listener, recording, provider) for recording in recordings]
        finally:
            await connections.aclose()


async def _hear(listener: Listener, recording: Recording, provider: SandboxProvider) -> Outcome:
    async def claim(words: str) -> None:
        await _claim(provider, words)

    parts = recording.first, recording.rest
    spoken = await listener.hear(parts, recording.pause_s, before_each=claim)
    return Outcome(
        recording.text,
        recording.voice,
        recording.pause_s,
        spoken.is_cut_off,
        spoken.latency_s,
        spoken.answer_s,
    )


async def _claim(provider: SandboxProvider, words: str) -> None:
    """Let the provider claim to hear these words, with a full stop, as recognisers set it."""
    await asyncio.to_thread(
        provider.play,
        delays=DELAYS,
        replies=[{"text": SHORT_REPLY, "times": 0}],
        transcripts=[{"text": words, "times": 0}],
    )


def point(outcomes: Sequence[Outcome]) -> Point:
    """Where these outcomes lie. An end that was never noticed counts as LONGEST_WAIT_S."""
    latencies = [LONGEST_WAIT_S if one.latency_s is None else one.latency_s for one in outcomes]
    answers = [LONGEST_WAIT_S if one.answer_s is None else one.answer_s for one in outcomes]
    return Point(
        fmean(one.is_cut_off for one in outcomes),
        fmean(latencies),
        float(np.median(latencies)),
        float(np.percentile(latencies, 90)),
        float(np.median(answers)),
    )


@contextmanager
def providers() -> Iterator[list[SandboxProvider]]:
    """One for each caller."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        yield [
            running.enter_context(SandboxProvider(Path(folder), name=f"sandbox-{index}"))
            for index in range(AT_ONCE)
        ]


def measure_turn_ends(
    chosen: Sequence[Candidate],
    recordings: Sequence[Recording],
    running: Sequence[SandboxProvider],
) -> dict[str, Any]:
    """Every candidate's point and outcomes, JSON-ready, and printed."""
    measured: dict[str, Any] = {}
    print(f"{'':32} {'cut-offs':>8} {'mean':>7} {'median':>7} {'p90':>7} {'answer':>7}")
    for candidate in chosen:
        outcomes = asyncio.run(hear(candidate, recordings, running))
        where = point(outcomes)
        measured[candidate.name] = {
            **asdict(where),
            "outcomes": [asdict(one) for one in outcomes],
        }
        print(
            f"{candidate.name:32} {where.cut_off_share:8.1%} {where.mean_latency_s:7.2f}"
            f" {where.median_latency_s:7.2f} {where.p90_latency_s:7.2f}"
            f" {where.median_answer_s:7.2f}",
            flush=True,
        )
    return measured


def named(names: Sequence[str] | None) -> list[Candidate]:
    """The candidates whose name contains one of these; all without any."""
    return [one for one in candidates() if not names or any(name in one.name for name in names)]


def plot(measured: Mapping[str, Any], swept: Mapping[str, Any], path: Path) -> None:
    """Both axes as a picture: the sweep's frontiers as steps, the candidates as points. Needs the
    dependency group `bench`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for name, policies in swept["frontiers"].items():
        axes.step(
            [one["mean_latency_s"] for one in policies],
            [100 * one["cut_off_share"] for one in policies],
            where="post",
            linewidth=1,
            label=f"best of any policy: {name}",
        )
    for pipeline, marker in (("cascade", "o"), ("realtime", "s")):
        rows = {name: one for name, one in measured.items() if name.endswith(pipeline)}
        xs = [one["mean_latency_s"] for one in rows.values()]
        ys = [100 * one["cut_off_share"] for one in rows.values()]
        axes.plot(xs, ys, marker, color="black", markersize=5, label=f"measured, {pipeline}")
        for name, x, y in zip(rows, xs, ys, strict=True):
            label = name.removesuffix(f", {pipeline}")
            axes.annotate(label, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=7)
    axes.set(xlabel="mean silence before a turn ends (s)", ylabel="pauses cut off (%)", xlim=(0, 3))
    axes.legend(fontsize=8)
    figure.savefig(path)
