"""What a talking session costs: processor time and memory of its job process.

    python -m scripts.bench.load [--sessions 1 --sessions 8] [--turns 5] [--pipeline cascade]
        [--set PARLEY_TURN_DETECTION=vad]

For 1, 2, 4 and 8 calls with each of two workers, Parley's and a bare one (`baseline_worker`), all
at once, because a processor is not as fast in one minute as in the next; `--set` gives Parley's
another setting, to see what a part of it costs. Callers follow a timetable that takes no notice of
the answers, so it is the same for both workers: every 10 s a sentence of about 2.5 s, to which the
provider answers with about 3.5 s of speech; the calls are spread over the 10 s, the two workers'
alternating. Of each job process:

cpu        processor seconds, user and system, its children's included, for each second of talk,
           from the first sentence's turn to the end of the last one's: 1 is a whole core. On Linux
           also by part: the event loop's thread; Python's other threads, where models compute; and
           the native threads of WebRTC (codec, network, jitter buffer), which every call needs.
pss        memory at the end of the talk, before anybody hangs up. What is shared with other
           processes, such as what the fork server had loaded, counts by the share: the more job
           processes there are, idle ones included, the less of it falls on each. So the same for
           what is private (uss), and for the whole worker by session.
heard      the share of the time in which the caller heard the agent, to show that both workers
           said the same.

Job processes are the worker's descendants that hold a UDP socket, which idle ones do not. Callers,
LiveKit server and provider run on the same machine and want processor time too: `late_frames`, the
frames that left the callers' microphones late, and the machine's idle share tell when it was full.
Processor time stays comparable then, the same work being done later; latencies would not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from scripts.bench.results import BASELINE, PARLEY, Results
from scripts.bench.subjects import (
    COMMANDS,
    DELAYS,
    PIPELINES,
    Pipeline,
    Subjects,
    subjects,
    take_settings,
)
from tests.caller.driver import Call, CallError
from tests.caller.processes import ProcessError
from tests.caller.speech import speak

SESSIONS = (1, 2, 4, 8)
PERIOD_S = 10.0
SENTENCE = "Could you please tell me a little more about that, if you have the time?"
REPLY = "Of course. The shop is open every day from nine until five at night."
GREETING_QUIET_S = 1.2
JOB_DEADLINE_S = 20.0
"""How long a call may be without a process that has taken it."""
JOB_POLL_S = 0.1
SETTLE_S = 2.0
"""After the last greeting: what a call's start still does is no part of the talk."""
PARTS = ("loop", "models", "webrtc")
_PYTHON = ("python", "python3", Path(sys.executable).name[:15])
"""The names of threads that Python starts."""
_MB = 1e6


@dataclass(frozen=True, slots=True)
class JobLoad:
    """What one job process took."""

    cpu: float
    """Cores, on average."""
    pss_mb: float
    uss_mb: float
    parts: Mapping[str, float]
    """The cores by part; 0 where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Load:
    """What some calls at once took of one worker."""

    pipeline: str
    subject: str
    sessions: int
    seconds: float
    jobs: tuple[JobLoad, ...]
    worker_pss_mb: float
    """Of the worker and all its processes, by session."""
    heard: float
    late_frames: int
    machine_idle: float

    @property
    def cpu(self) -> float:
        """Cores for each session."""
        return statistics.fmean(job.cpu for job in self.jobs)

    def part(self, name: str) -> float:
        """Cores of one of PARTS for each session."""
        return statistics.fmean(job.parts[name] for job in self.jobs)

    @property
    def pss_mb(self) -> float:
        """Memory of a job process."""
        return statistics.fmean(job.pss_mb for job in self.jobs)

    @property
    def uss_mb(self) -> float:
        """Private memory of a job process."""
        return statistics.fmean(job.uss_mb for job in self.jobs)


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Processor time and memory of talking sessions.")
    parser.add_argument("--sessions", type=int, action="append", help="calls at once")
    parser.add_argument("--turns", type=int, default=5, help="sentences of each caller")
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    parser.add_argument("--subject", choices=tuple(COMMANDS), action="append")
    take_settings(parser)
    options = parser.parse_args()
    results = Results(
        "load", {**vars(options), "provider_delays": DELAYS, "period_s": PERIOD_S, "reply": REPLY}
    )
    chosen: Sequence[str] = options.subject or tuple(COMMANDS)
    loads: list[Load] = []
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            subjects(Path(folder), dict(options.set)) as running,
        ):
            for pipeline in options.pipeline or PIPELINES:
                for sessions in options.sessions or SESSIONS:
                    try:
                        measured = measure(running, chosen, pipeline, sessions, options.turns)
                    except (CallError, ProcessError) as error:
                        results.fail(f"{pipeline} {sessions}: {error}")
                        continue
                    loads += measured
                    for load in measured:
                        print_load(load)
    finally:
        results.settings["loads"] = [asdict(load) for load in loads]
        results.settings["ratios"] = ratios(loads)
        print_ratios(results.settings["ratios"])
        path = results.write()
    try:
        plot(loads, path.with_suffix(".svg"))
    except ImportError:
        print("no plot: matplotlib comes with `uv sync --group bench`")


def measure(
    running: Subjects, chosen: Sequence[str], pipeline: Pipeline, sessions: int, turns: int
) -> list[Load]:
    """Let so many callers talk with each of the chosen workers, all at once.

    Raises:
        CallError: an agent did not greet or a call broke off.
        ProcessError: a worker did not become idle, or not every call has a job process.
    """
    running.answer(REPLY)
    for subject in chosen:
        running.workers[subject].wait_until_idle(60.0)
    return asyncio.run(_measure(running, chosen, pipeline, sessions, turns))


@dataclass(frozen=True, slots=True)
class Session:
    """A call, who answers it, and in which process."""

    subject: str
    call: Call
    job: psutil.Process


async def _measure(
    running: Subjects, chosen: Sequence[str], pipeline: Pipeline, sessions: int, turns: int
) -> list[Load]:
    workers = {subject: psutil.Process(running.workers[subject].pid) for subject in chosen}
    async with AsyncExitStack() as stack:
        begun: list[Session] = []
        for subject in [*chosen] * sessions:
            call = running.caller(subject).call({"pipeline": pipeline})
            entered = await stack.enter_async_context(call)
            job = await next_job(workers[subject], [session.job for session in begun])
            begun.append(Session(subject, entered, job))
        await asyncio.gather(*(session.call.hear(quiet_s=GREETING_QUIET_S) for session in begun))
        await asyncio.sleep(SETTLE_S)
        machine, started_s = psutil.cpu_times(), time.monotonic()
        talks = await asyncio.gather(
            *(
                talk(session, started_s + PERIOD_S * index / len(begun), turns)
                for index, session in enumerate(begun)
            )
        )
        idle_s = psutil.cpu_times().idle - machine.idle
        machine_s = (time.monotonic() - started_s) * (psutil.cpu_count() or 1)
        return [
            Load(
                pipeline=pipeline,
                subject=subject,
                sessions=sessions,
                seconds=turns * PERIOD_S,
                jobs=tuple(
                    JobLoad(talk.cpu, *memory_mb(talk.session.job), talk.parts)
                    for talk in of_subject(talks, subject)
                ),
                worker_pss_mb=sum(memory_mb(process)[0] for process in family(worker)) / sessions,
                heard=statistics.fmean(talk.heard for talk in of_subject(talks, subject)),
                late_frames=sum(talk.late_frames for talk in of_subject(talks, subject)),
                machine_idle=idle_s / machine_s,
            )
            for subject, worker in workers.items()
        ]


@dataclass(frozen=True, slots=True)
class Talk:
    """The cores that the agent's process took in one call, how much of the time the agent was
    heard, and how many of the caller's frames left late.
    """

    session: Session
    cpu: float
    parts: Mapping[str, float]
    heard: float
    late_frames: int


def of_subject(talks: Sequence[Talk], subject: str) -> list[Talk]:
    """Those with one worker."""
    return [talk for talk in talks if talk.session.subject == subject]


async def talk(session: Session, start_s: float, turns: int) -> Talk:
    """Say the sentence again and again by the timetable, whatever the agent does, until the end of
    the last one's turn.

    Raises:
        CallError: the call did not last.
    """
    call, job = session.call, session.job
    clip = await asyncio.to_thread(speak, SENTENCE)
    await asyncio.sleep(start_s - time.monotonic())
    before_s, parts_before_s, late_before = cpu_s(job), parts_s(job), call.late_frames
    for turn in range(turns):
        await asyncio.sleep(start_s + turn * PERIOD_S - time.monotonic())
        await call.say(clip)
    await asyncio.sleep(start_s + turns * PERIOD_S - time.monotonic())
    if call.ended:
        raise CallError(f"the call broke off\n{call.describe()}")
    after_s, parts_after_s, seconds = cpu_s(job), parts_s(job), turns * PERIOD_S
    return Talk(
        session,
        cpu=(after_s - before_s) / seconds,
        parts={part: (s - parts_before_s[part]) / seconds for part, s in parts_after_s.items()},
        heard=heard_share(call, start_s),
        late_frames=call.late_frames - late_before,
    )


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all its descendants."""
    return [process, *process.children(recursive=True)]


def job_processes(worker: psutil.Process) -> list[psutil.Process]:
    """Those of a worker's processes that are in a call."""
    return [process for process in worker.children(recursive=True) if is_in_call(process)]


def is_in_call(process: psutil.Process) -> bool:
    """Whether a process holds a UDP socket; one that has ended does not."""
    try:
        return bool(process.net_connections("udp"))
    except psutil.NoSuchProcess:
        return False


async def next_job(worker: psutil.Process, known: Sequence[psutil.Process]) -> psutil.Process:
    """The job process that has taken the last call.

    Raises:
        ProcessError: none did in time.
    """
    give_up_s = time.monotonic() + JOB_DEADLINE_S
    while not (new := [job for job in job_processes(worker) if job not in known]):
        if time.monotonic() > give_up_s:
            raise ProcessError(f"no process has taken call {len(known) + 1}")
        await asyncio.sleep(JOB_POLL_S)
    return new[0]


def cpu_s(job: psutil.Process) -> float:
    """Processor seconds of a process and its descendants since they began."""
    times = [process.cpu_times() for process in family(job)]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def parts_s(job: psutil.Process) -> Mapping[str, float]:
    """Processor seconds of a process's threads since they began, by part."""
    found = dict.fromkeys(PARTS, 0.0)
    for task in Path(f"/proc/{job.pid}/task").glob("*"):
        try:
            name, stat = (task / "comm").read_text().strip(), (task / "stat").read_text()
        except OSError:  # a thread that has ended meanwhile
            continue
        user, system = stat.rpartition(")")[2].split()[11:13]
        part = "loop" if int(task.name) == job.pid else "models" if name in _PYTHON else "webrtc"
        found[part] += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return found


def memory_mb(process: psutil.Process) -> tuple[float, float]:
    """Proportional and private memory."""
    memory = process.memory_full_info()
    return memory.pss / _MB, memory.uss / _MB


def heard_share(call: Call, since_s: float) -> float:
    """How much of the time since a moment the agent was audible."""
    spans = [span for span in call.ear.spans if span.start_s >= since_s]
    return sum(span.end_s - span.start_s for span in spans) / (time.monotonic() - since_s)


def print_load(load: Load) -> None:
    """One line for people."""
    parts = "  ".join(f"{name} {load.part(name):.3f}" for name in PARTS)
    print(
        f"{load.pipeline:9} {load.sessions} x {load.subject:9}"
        f" cpu {load.cpu:.3f} ({parts})  pss {load.pss_mb:6.1f} MB  uss {load.uss_mb:6.1f} MB"
        f"  worker {load.worker_pss_mb:6.1f} MB/session  heard {load.heard:.2f}"
        f"  late {load.late_frames}  idle {load.machine_idle:.2f}",
        flush=True,
    )


def ratios(loads: Sequence[Load]) -> list[dict[str, Any]]:
    """Parley's figures over the bare worker's, for each pipeline and number of calls."""
    found = {(load.pipeline, load.sessions, load.subject): load for load in loads}
    return [
        {
            "pipeline": pipeline,
            "sessions": sessions,
            "cpu": round(load.cpu / bare.cpu, 3),
            "pss": round(load.pss_mb / bare.pss_mb, 3),
            "uss": round(load.uss_mb / bare.uss_mb, 3),
            "worker_pss": round(load.worker_pss_mb / bare.worker_pss_mb, 3),
        }
        for (pipeline, sessions, subject), load in found.items()
        if subject == PARLEY and (bare := found.get((pipeline, sessions, BASELINE)))
    ]


def print_ratios(rows: Sequence[Mapping[str, Any]]) -> None:
    """The ratios, for people."""
    for row in rows:
        figures = "  ".join(f"{name} {row[name]:.2f}" for name in ("cpu", "pss", "worker_pss"))
        print(f"ratio {row['pipeline']:9} {row['sessions']} sessions  {figures}")


def plot(loads: Sequence[Load], path: Path) -> None:
    """Processor time and memory over the number of calls, as SVG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib import pyplot

    figure, (cpu, memory) = pyplot.subplots(1, 2, figsize=(10, 4))
    for pipeline in dict.fromkeys(load.pipeline for load in loads):
        for subject, style in ((PARLEY, "o-"), (BASELINE, "s--")):
            chosen = [one for one in loads if (one.pipeline, one.subject) == (pipeline, subject)]
            counts = [load.sessions for load in chosen]
            label = f"{subject}, {pipeline}"
            cpu.plot(counts, [load.cpu for load in chosen], style, label=label)
            memory.plot(counts, [load.pss_mb for load in chosen], style, label=label)
    cpu.set(xlabel="calls at once", ylabel="cores for each session", ylim=(0, None))
    memory.set(xlabel="calls at once", ylabel="PSS of a job process (MB)", ylim=(0, None))
    memory.legend()
    figure.savefig(path, bbox_inches="tight")
    print(f"plotted to {path.name}")


if __name__ == "__main__":
    main()
