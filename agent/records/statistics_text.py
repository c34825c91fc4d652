"""The numbers of calls for people."""

from __future__ import annotations

from collections.abc import Mapping

from agent.records.export import clock, plain
from agent.records.statistics import CallStatistics, Times


def statistics_text(counted: CallStatistics) -> str:
    """A line for each number."""
    costs = f"${counted.usd:.4f}"
    if counted.usd_per_call is not None:
        costs += f", ${counted.usd_per_call:.4f} a call"
    if counted.unpriced:
        costs += f"; without a price: {', '.join(counted.unpriced)}"
    lines = {
        "calls": _counts(counted.calls, counted.states),
        "closed because": _named(counted.reasons) or "-",
        "duration": _times(counted.duration, clocked=True),
        "response": _times(counted.response),
        "cost": costs,
        "interrupted replies": str(counted.interruptions),
        "tool calls": f"{counted.tool_calls}, {counted.tool_failures} failed",
    }
    return "\n".join(f"{name:<20} {plain(line)}" for name, line in lines.items())


def _counts(total: int, parts: Mapping[str, int]) -> str:
    return f"{total} ({_named(parts)})" if parts else str(total)


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _times(times: Times, *, clocked: bool = False) -> str:
    if times.p50_s is None or times.p95_s is None:
        return "-"
    p50, p95 = (clock(each) if clocked else f"{each:.2f} s" for each in (times.p50_s, times.p95_s))
    return f"p50 {p50}, p95 {p95} (of {times.count})"
