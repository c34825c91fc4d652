"""`python agent.py calls`: the records of calls at the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from sqlalchemy.exc import SQLAlchemyError

from agent.errors import RecordsError
from agent.records.export import as_csv, as_json_text, as_text, as_webvtt, list_as_text
from agent.records.query import CallQuery, CallRecord, summary_as_json
from agent.records.rows import Turned, as_it_is
from agent.records.statistics import statistics
from agent.records.statistics_text import statistics_text
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings

_FORMATS: Mapping[str, Callable[[CallRecord], str]] = {
    "text": as_text,
    "json": as_json_text,
    "csv": as_csv,
    "vtt": as_webvtt,
}


async def run(
    options: argparse.Namespace, settings: DatabaseSettings, *, unseal: Turned = as_it_is
) -> int:
    """Do what was asked; returns the exit code."""
    async with AsyncExitStack() as closing:
        database = Database(settings)
        closing.push_async_callback(database.aclose)
        try:
            print(await _answer(options, database, unseal))  # noqa: T201
        except RecordsError as error:
            return _fail(str(error))
        except (SQLAlchemyError, OSError) as error:
            kind = type(error).__name__  # alone: the message may hold the address
            return _fail(f"the database at PARLEY_DATABASE_URL cannot be read ({kind})")
    return 0


async def _answer(options: argparse.Namespace, database: Database, unseal: Turned) -> str:
    store = CallStore(database, unseal=unseal)
    if options.calls_command == "list":
        query = CallQuery(
            caller=options.caller,
            since=options.since,
            before=options.before,
            state=options.state,
            reason=options.reason,
            text=options.text,
            limit=options.limit,
        )
        found = await store.list_calls(query)
        if options.json:
            return "\n".join(json.dumps(summary_as_json(call)) for call in found)
        return list_as_text(found)
    if options.calls_command == "stats":
        counted = await statistics(database, since=options.since, before=options.before)
        return json.dumps(counted.as_json(), indent=2) if options.json else statistics_text(counted)
    kind = "text" if options.calls_command == "show" else options.format
    return _FORMATS[kind](await store.call(options.id)).rstrip("\n")


def _fail(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - for the person at the terminal
    return 1
