"""Samples of a bench: percentiles to print, and a file with everything they came from."""

from __future__ import annotations

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.caller.processes import PROJECT

PARLEY, BASELINE = "parley", "baseline"
PACKAGES = ("livekit-agents", "livekit", "livekit-plugins-openai", "livekit-local-inference")


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: which figure, of whom, under which conditions."""

    measure: str
    subject: str
    seconds: float
    conditions: Mapping[str, str | int | float] = field(default_factory=dict)


@contextmanager
def reported(results: Results) -> Iterator[None]:
    """Print and write what was measured, also when the run is cut short; SIGTERM ends the run in
    order, so that no program it started is left behind.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        if results.samples:
            results.print_table()
            results.write()


def percentile(seconds: Sequence[float], percent: float) -> float:
    """The percentile by linear interpolation between the two nearest samples."""
    ordered = sorted(seconds)
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


class Results:
    """Collects samples and failures of one run of a bench."""

    def __init__(self, bench: str, settings: Mapping[str, Any]) -> None:
        self.bench = bench
        self.settings = dict(settings)
        self.samples: list[Sample] = []
        self.failures: list[str] = []

    def add(self, measure: str, subject: str, seconds: float, **conditions: Any) -> None:
        """Keep a sample and show it."""
        self.samples.append(Sample(measure, subject, seconds, conditions))
        print(f"  {measure:28} {subject:9} {seconds:7.3f} s  {conditions or ''}", flush=True)

    def fail(self, what: str) -> None:
        """Keep what went wrong in place of a sample; the figures say how often."""
        self.failures.append(what)
        print(f"  FAILED {what.splitlines()[0]}", flush=True)

    def seconds(self, measure: str, subject: str) -> list[float]:
        """The samples of one figure of one subject."""
        return [s.seconds for s in self.samples if (s.measure, s.subject) == (measure, subject)]

    def summary(self) -> dict[str, dict[str, Any]]:
        """For each figure: count, p25, p50, p90, mean and maximum of each subject, and the ratio of
        the medians (Parley's over the baseline's; below 1 Parley is faster).
        """
        return {measure: self._figures(measure) for measure in self._unique_measures()}

    def print_table(self) -> None:
        """The summary, for people."""
        columns = "".join(f"{name:>8}" for name in ("p25", "p50", "p90", "mean", "max"))
        print(f"\n{'seconds':28} {'subject':9} {'n':>4}{columns}  ratio")
        for measure, figures in self.summary().items():
            for subject in (PARLEY, BASELINE):
                if subject in figures:
                    row = figures[subject]
                    ratio = figures.get("p50_ratio") if subject == PARLEY else None
                    names = ("p25_s", "p50_s", "p90_s", "mean_s", "max_s")
                    figures_s = "".join(f"{row[name]:8.3f}" for name in names)
                    print(f"{measure:28} {subject:9} {row['n']:4}{figures_s}  {ratio or ''}")
        if self.failures:
            print(f"{len(self.failures)} failed; see the file")

    def write(self) -> Path:
        """All of it as JSON in bench-results/; returns the path."""
        now = datetime.now(UTC)
        path = PROJECT / "bench-results" / f"{self.bench}-{now:%Y%m%dT%H%M%SZ}.json"
        path.parent.mkdir(exist_ok=True)
        content = {
            "bench": self.bench,
            "finished_at": now.isoformat(),
            "settings": self.settings,
            "commit": _commit(),
            "machine": _machine(),
            "packages": {name: version(name) for name in PACKAGES},
            "summary": self.summary(),
            "failures": self.failures,
            "samples": [asdict(sample) for sample in self.samples],
        }
        path.write_text(json.dumps(content, indent=1))
        print(f"written to {path.relative_to(PROJECT)}")
        return path

    def _unique_measures(self) -> Iterable[str]:
        return dict.fromkeys(sample.measure for sample in self.samples)

    def _figures(self, measure: str) -> dict[str, Any]:
        figures: dict[str, Any] = {}
        for subject in (PARLEY, BASELINE):
            if seconds := self.seconds(measure, subject):
                figures[subject] = {
                    "n": len(seconds),
                    "p25_s": round(percentile(seconds, 25), 4),
                    "p50_s": round(percentile(seconds, 50), 4),
                    "p90_s": round(percentile(seconds, 90), 4),
                    "mean_s": round(statistics.fmean(seconds), 4),
                    "max_s": round(max(seconds), 4),
                }
        if PARLEY in figures and BASELINE in figures:
            ratio = figures[PARLEY]["p50_s"] / figures[BASELINE]["p50_s"]
            figures["p50_ratio"] = round(ratio, 3)
        return figures


def _commit() -> dict[str, Any]:
    def git(*arguments: str) -> str | None:
        answer = subprocess.run(
            ["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        return answer.stdout.strip() if answer.returncode == 0 else None

    return {"id": git("rev-parse", "HEAD"), "changed_files": bool(git("status", "--porcelain"))}


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
