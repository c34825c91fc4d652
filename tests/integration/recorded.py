"""A worker that keeps records, and what tests ask of these."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from rapidfuzz import fuzz

from agent.call.record import ClipHeard, TurnHeard, TurnSpoken
from agent.records.audio_files import AudioFiles
from agent.records.query import CallRecord
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import DatabaseSettings
from tests.caller.driver import Call, Caller
from tests.caller.recognition import Words
from tests.caller.stack import Worker

POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Recorded:
    """A worker that keeps records, and where it keeps them."""

    caller: Caller
    worker: Worker
    url: str
    spool: Spool
    metrics_port: int = 0
    audio: AudioFiles | None = None

    async def record(
        self, call: Call, holds: Callable[[CallRecord], bool], deadline_s: float = 30.0
    ) -> CallRecord:
        """A call's record, once it is as it should be."""
        database = Database(DatabaseSettings(url=self.url))
        store = CallStore(database)
        give_up_s = time.monotonic() + deadline_s
        try:
            while True:
                for found in await store.list_calls():
                    if found.room == call.room_name and holds(one := await store.call(found.id)):
                        return one
                assert time.monotonic() < give_up_s, self.worker.tail()
                await asyncio.sleep(POLL_S)
        finally:
            await database.aclose()

    def cost_usd(self) -> float:
        """What the worker's calls have cost together, as its metrics say; blocks."""
        address = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(address, timeout=5.0) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == "parley_cost_usd_total")

    def pid_of(self, call: Call) -> int:
        """The process of a call's job, as its log tells."""
        for line in self.worker.log.splitlines():
            if "call started" in line and call.room_name in line:
                return int(json.loads(line)["pid"])
        raise AssertionError("the call has not started")


def is_closed(record: CallRecord) -> bool:
    """Whether the call has come to its end in order."""
    return record.call.state == "closed"


def has_heard(text: str) -> Callable[[CallRecord], bool]:
    """Whether this turn of the caller's is in a record."""
    return lambda record: text in turns_heard(record)


def turns_heard(record: CallRecord) -> list[str]:
    """What the caller said."""
    return [entry.event.text for entry in record.entries if isinstance(entry.event, TurnHeard)]


def is_whole(call: Call, record: CallRecord) -> bool:
    """Whether each entry is there once and in its place, and the words are those that the caller's
    captions had.
    """
    events = [entry.event for entry in record.entries]
    assert [entry.seq for entry in record.entries] == list(range(1, len(events) + 1))
    said = [said_in(event) for event in events if isinstance(event, TurnSpoken | ClipHeard)]
    return same(call, "caller", turns_heard(record)) and same(call, "agent", said)


def said_in(event: TurnSpoken | ClipHeard) -> str:
    """What was heard of it."""
    return event.heard if isinstance(event, TurnSpoken) else event.words


def same(call: Call, speaker: str, texts: list[str]) -> bool:
    """Whether a record has the words that one side's captions had, and no more."""
    shown = " ".join(each.text for each in call.captions.all if each.speaker == speaker)
    alike = fuzz.ratio(_bare(shown), _bare(" ".join(texts)))
    assert alike > 95, (shown, texts)
    return True


def _bare(text: str) -> str:
    return " ".join(Words(text).text.lower().split())
