"""Faults 1 to 7 of the reliability matrix, as the sandbox plays them to each pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.bench.subjects import Pipeline


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of the reliability matrix, by its number there, as the sandbox plays it."""

    number: int
    pipeline: Pipeline
    name: str
    faults: tuple[dict[str, Any], ...]

    @property
    def measure(self) -> str:
        """Its name in the results."""
        return f"{self.number} {self.pipeline}: {self.name}"


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
