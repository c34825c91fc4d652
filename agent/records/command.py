"""`python agent.py calls`: the records of calls at the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from sqlalchemy.exc import SQLAlchemyError

from agent.errors import RecordsError, SealingError
from agent.records.desk import Desk, DeskSettings
from agent.records.erasing_command import erase
from agent.records.export import (
    as_csv,
    as_json_text,
    as_text,
    as_webvtt,
    audit_as_text,
    list_as_text,
    redacted,
)
from agent.records.keeping_command import expire_now, reseal_now
from agent.records.query import CallQuery, CallRecord, summary_as_json
from agent.records.statistics import statistics
from agent.records.statistics_text import statistics_text
from agent.services.storage.engine import Database

_FORMATS: Mapping[str, Callable[[CallRecord], str]] = {
    "text": as_text,
    "json": as_json_text,
    "csv": as_csv,
    "vtt": as_webvtt,
}


async def run(options: argparse.Namespace, settings: DeskSettings) -> int:
    """Do what was asked; returns the exit code.

    Raises:
        SettingsError: what records need cannot be used as it is set.
    """
    async with AsyncExitStack() as closing:
        database = Database(settings.database)
        closing.push_async_callback(database.aclose)
        desk = Desk.at(database, settings)
        try:
            told = await _COMMANDS[options.calls_command](options, desk)
            if told is not None:
                print(told)  # noqa: T201
        except (RecordsError, SealingError) as error:
            return _fail(str(error))
        except (SQLAlchemyError, OSError) as error:
            kind = type(error).__name__  # alone: the message may hold the address
            return _fail(f"the database at PARLEY_DATABASE_URL cannot be read ({kind})")
    return 0


async def _list(options: argparse.Namespace, desk: Desk) -> str:
    query = CallQuery(
        caller=options.caller,
        since=options.since,
        before=options.before,
        state=options.state,
        reason=options.reason,
        text=options.text,
        limit=options.limit,
    )
    found = await desk.store.list_calls(query)
    # Never what was searched for: it may be a name.
    action = "list" if options.text is None else "search"
    await desk.audit.note(desk.actor, action, count=len(found))
    if options.json:
        return "\n".join(json.dumps(summary_as_json(call)) for call in found)
    return list_as_text(found)


async def _show(options: argparse.Namespace, desk: Desk) -> str:
    return as_text(await _read(options, desk)).rstrip("\n")


async def _export(options: argparse.Namespace, desk: Desk) -> str | None:
    if options.format == "ogg":
        await _export_audio(options.id, desk)
        return None
    return _FORMATS[options.format](await _read(options, desk)).rstrip("\n")


async def _export_audio(call_id: str, desk: Desk) -> None:
    if sys.stdout.isatty():
        raise RecordsError("this is no text; send it to a file, as in `… --format ogg > call.ogg`")
    pieces = desk.places.audio.read(call_id, desk.sealing)
    await desk.audit.note(desk.actor, "export audio", subject=call_id, count=1)
    try:
        await asyncio.to_thread(sys.stdout.buffer.writelines, pieces)
    except OSError as error:
        told = f"the audio of call {call_id} cannot be read or written ({error.strerror})"
        raise RecordsError(told) from error


async def _read(options: argparse.Namespace, desk: Desk) -> CallRecord:
    record = await desk.store.call(options.id)
    await desk.audit.note(desk.actor, options.calls_command, subject=record.call.id, count=1)
    return redacted(record, desk.redact)


async def _stats(options: argparse.Namespace, desk: Desk) -> str:
    counted = await statistics(desk.places.database, since=options.since, before=options.before)
    return json.dumps(counted.as_json(), indent=2) if options.json else statistics_text(counted)


async def _audit(options: argparse.Namespace, desk: Desk) -> str:
    return audit_as_text(await desk.audit.entries(since=options.since, limit=options.limit))


_COMMANDS: Mapping[str, Callable[[argparse.Namespace, Desk], Awaitable[str | None]]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "stats": _stats,
    "audit": _audit,
    "erase": erase,
    "expire": expire_now,
    "reseal": reseal_now,
}


def _fail(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return 1
