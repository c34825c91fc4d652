"""`calls erase`: tells what there is, asks, and erases it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from agent.errors import RecordsError
from agent.records.callers import Caller
from agent.records.desk import Desk
from agent.records.erasing import Erased, erase_call, erase_caller, find_traces
from agent.records.traces import Traces


async def erase(options: argparse.Namespace, desk: Desk) -> str:
    """Erase a caller or a call, once that is confirmed; returns what was erased.

    Raises:
        RecordsError: it was not confirmed, or nobody is there to confirm it; or as erase_caller.
    """
    caller = None
    if options.caller is not None:
        caller = Caller.named(options.caller, region=desk.settings.phone_region)
    if not options.yes:
        traces = await find_traces(desk.places, caller or options.call)
        if not traces and caller is not None:
            return f"There is nothing of {_name(caller)}."
        await _confirm(traces, caller)
    if caller is not None:
        return _told(await erase_caller(desk.places, caller, actor=desk.actor))
    return _told(await erase_call(desk.places, options.call, actor=desk.actor))


async def _confirm(traces: Traces, caller: Caller | None) -> None:
    if not sys.stdin.isatty():
        raise RecordsError("nothing was erased: add --yes where nobody can be asked")
    whose = "" if caller is None else f" of {_name(caller)}"
    question = f"Erase {_counts(traces)}{whose}, for good? Type yes: "
    if (await asyncio.to_thread(input, question)).strip().casefold() != "yes":
        raise RecordsError("nothing was erased")


def _name(caller: Caller) -> str:
    if caller.number is not None:
        return f"the telephone number {caller.number}"
    hint = "; a telephone number needs its country code" if caller.identity.isdigit() else ""
    return f"the identity {caller.identity}{hint}"


def _counts(traces: Traces) -> str:
    counts = {
        "call": len(traces.calls),
        "message": len(traces.messages),
        "appointment": len(traces.appointments),
    }
    return ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items())


def _told(erased: Erased) -> str:
    lines = [f"Erased: {_counts(erased.traces)}, {erased.audio_files} with audio."]
    for call_id in erased.traces.going_on:
        lines.append(
            f"The call {call_id} is still going on. No more of it is recorded; what is booked or"
            f" left in it from now on is erased by `calls erase --call {call_id}` after its end."
        )
    if not erased.is_scrubbed:
        lines.append(
            "The database's files may still hold bytes of it: somebody else was using the database,"
            " or its tables belong to somebody else. Erase it once more to try it again."
        )
    return "\n".join(lines)
