"""What a worker and its jobs do about records."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import rtc
from sqlalchemy import text

from agent.bootstrap import Recording, look_after_records, prepare_records
from agent.call.consent import Consent
from agent.call.cost import Usage
from agent.call.prices import TELEPHONE
from agent.call.record import (
    AudioNoted,
    BudgetNoted,
    Charged,
    Closed,
    ConsentNoted,
    Entry,
    Opened,
    PipelineInForce,
    RecordEvent,
    TurnHeard,
)
from agent.cost.budgets import Budgets, Limits
from agent.cost.catalogue import load_prices
from agent.cost.meter import Meter
from agent.errors import RecordsError
from agent.pipeline.caller_audio import CallerAudio
from agent.records.audio_files import AudioFile, AudioFiles
from agent.records.query import CallRecord
from agent.records.rows import Header, Turned, Writing, as_it_is
from agent.records.sealing import Sealing, new_key
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import Settings, load_settings
from tests.unit.cost.measured import HOST, chat

Begin = Callable[[Settings], Recording]


def settings_of(folder: Path, **changes: str) -> Settings:
    return load_settings(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret",
            "OPENAI_API_KEY": "shared-key",
            "PARLEY_DATABASE_URL": f"sqlite:///{folder}/parley.sqlite3",
            "PARLEY_SPOOL_DIR": str(folder / "spool"),
            **changes,
        }
    )


def job() -> Any:
    """As much of a job's context as a record needs."""
    return SimpleNamespace(job=SimpleNamespace(id="AJ_one", room=SimpleNamespace(name="room-1")))


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Begins the record of a call; its database is closed after the test."""
    async with AsyncExitStack() as closing:

        def begin(settings: Settings) -> Recording:
            database = Database(settings.database)
            closing.push_async_callback(database.aclose)
            return Recording.begin(settings, job(), database)

        yield begin


def heard(words: str) -> TurnHeard:
    return TurnHeard("item", words)


async def record_in(settings: Settings, *, unseal: Turned = as_it_is) -> CallRecord:
    database = Database(settings.database)
    try:
        return await CallStore(database, unseal=unseal).call("AJ_one")
    finally:
        await database.aclose()


async def test_a_call_is_recorded_from_its_first_moment_to_its_last(
    tmp_path: Path, begin: Begin
) -> None:
    """And the first reason for its end stands."""
    settings = settings_of(tmp_path)
    recording = begin(settings)
    recording.listener.note(PipelineInForce("cascade", "en"))
    recording.ends("agent hung up")
    recording.ends("user_initiated")
    await recording.aclose()
    record = await record_in(settings)
    assert [entry.event for entry in record.entries] == [
        Opened("room-1"),
        PipelineInForce("cascade", "en"),
        Closed("agent hung up"),
    ]
    assert (record.call.state, record.call.close_reason) == ("closed", "agent hung up")


async def test_no_call_is_recorded_where_that_is_switched_off(tmp_path: Path, begin: Begin) -> None:
    """Nothing is written, to the database or beside it."""
    settings = settings_of(tmp_path, PARLEY_RECORDS="false")
    recording = begin(settings)
    recording.listener.note(PipelineInForce("cascade", "en"))
    await recording.aclose()
    await prepare_records(settings)
    assert [*tmp_path.iterdir()] == []  # noqa: ASYNC240 - a folder of the test's own


@pytest.mark.parametrize("recorded", ["true", "false"])
async def test_who_follows_a_call_is_told_what_its_record_is_told(
    tmp_path: Path, begin: Begin, recorded: str
) -> None:
    """To the end, whether or not there is a record; and without words that may not be kept."""
    recording = begin(settings_of(tmp_path, PARLEY_RECORDS=recorded))
    told: list[RecordEvent] = []
    recording.followers.append(told.append)
    recording.ask(consent := Consent(required=True))
    recording.listener.note(heard("before"))
    consent.give("voice")
    recording.listener.note(heard("after"))
    await recording.aclose()
    assert [event.text for event in told if isinstance(event, TurnHeard)] == ["", "after"]
    assert told[-1] == Closed("job ended")


async def test_what_is_said_is_kept_only_after_the_callers_yes(
    tmp_path: Path, begin: Begin
) -> None:
    """That a turn took place is recorded in any case, and what they decided."""
    settings = settings_of(tmp_path)
    recording = begin(settings)
    consent = Consent(required=True)
    recording.ask(consent)
    recording.listener.note(heard("before"))
    consent.give("voice")
    recording.listener.note(heard("between"))
    consent.refuse("text")
    recording.listener.note(heard("after"))
    await recording.aclose()
    events = [entry.event for entry in (await record_in(settings)).entries]
    assert [event.text for event in events if isinstance(event, TurnHeard)] == ["", "between", ""]
    assert [event for event in events if isinstance(event, ConsentNoted)] == [
        ConsentNoted("given", "voice"),
        ConsentNoted("refused", "text"),
    ]


async def test_words_are_redacted_and_sealed_in_the_file(tmp_path: Path, begin: Begin) -> None:
    """With the key the rest can be read, and nobody can read the address."""
    key = new_key()
    settings = settings_of(tmp_path, PARLEY_RECORDS_KEYS=key)
    recording = begin(settings)
    recording.listener.note(heard("canary, write to ada@example.com"))
    await recording.aclose()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())  # noqa: ASYNC240
    assert b"canary" not in kept
    record = await record_in(settings, unseal=Sealing([key]).unseal)
    (turn,) = (e.event for e in record.entries if isinstance(e.event, TurnHeard))
    assert turn.text == "canary, write to [email]"


async def test_what_a_call_costs_stands_in_its_record(tmp_path: Path, begin: Begin) -> None:
    """Each step with what was used, the version of the prices, and what has none; the line last."""
    settings = settings_of(tmp_path)
    recording = begin(settings)
    meter = Meter(load_prices(settings))
    budgets = Budgets(Limits(call_usd=Decimal("0.000001")), meter)
    recording.follow(meter, budgets)
    meter.note(chat(read=1000))
    meter.note(chat(read=1000, cached=400, model="unheard-of"))
    meter.telephone_begins()
    await recording.aclose()
    events = [entry.event for entry in (await record_in(settings)).entries]
    first, second, line = (event for event in events if isinstance(event, Charged))
    assert first.usd == first.total_usd == line.total_usd > 0
    assert (first.host, first.model) == (HOST, "gpt-4.1-mini")
    assert first.usage == Usage(input_tokens=1000)
    assert second.usage == Usage(input_tokens=600, cached_input_tokens=400)
    assert second.unpriced == ("unheard-of",)
    assert second.price_version
    assert (line.model, line.unpriced) == (TELEPHONE, (TELEPHONE, "unheard-of"))
    assert isinstance(events[-1], Closed)
    assert [e.is_spent for e in events if isinstance(e, BudgetNoted)] == [True]


async def test_a_worker_refuses_the_records_of_a_newer_version(tmp_path: Path) -> None:
    """At its start; a database that is away is no reason to take no calls."""
    settings = settings_of(tmp_path)
    await prepare_records(settings)
    database = Database(settings.database)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE records_version SET version_num = '9999'"))
    await database.aclose()
    with pytest.raises(RecordsError, match="newer"):
        await prepare_records(settings)
    away = "postgresql://parley@127.0.0.1:1/parley"
    await prepare_records(settings_of(tmp_path, PARLEY_DATABASE_URL=away))


async def test_a_call_on_the_records_of_a_newer_version_is_kept_in_the_spool(
    tmp_path: Path, begin: Begin
) -> None:
    """An older worker that still has calls when the newer one starts loses none of them."""
    settings = settings_of(tmp_path)
    await prepare_records(settings)
    database = Database(settings.database)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE records_version SET version_num = '9999'"))
    recording = begin(settings)
    await recording.aclose()
    spool = Spool(settings.records.spool_folder)
    (file,) = spool.waiting()
    with spool.claim(file) as claimed:
        assert claimed is not None
        assert [row.kind for row in claimed.rows] == ["opened", "closed"]
    await database.aclose()


async def test_a_worker_deletes_what_is_too_old(tmp_path: Path) -> None:
    """Beside what it does about calls that were lost, from its start on; audio too."""
    settings = settings_of(
        tmp_path, PARLEY_KEEP_RECORDS_DAYS="2", PARLEY_AUDIO_DIR=str(tmp_path / "audio")
    )
    database = Database(settings.database)
    store, audio = CallStore(database), AudioFiles(tmp_path / "audio")
    for call_id, age in (("AJ_old", timedelta(days=3)), ("AJ_new", timedelta(days=1))):
        at = datetime.now(UTC) - age
        row = Writing().row(Entry(1, at, Closed("x")))
        await store.append(Header(call_id, "room", at), [row], seen_at=at)
        AudioFile(audio.path(call_id), Sealing()).close()
        os.utime(audio.path(call_id), (at.timestamp(), at.timestamp()))
    looking_after = asyncio.create_task(look_after_records(settings))
    async with asyncio.timeout(20):
        while len(await store.list_calls()) > 1:  # noqa: ASYNC110 - in a database
            await asyncio.sleep(0.02)
    looking_after.cancel()
    await asyncio.gather(looking_after, return_exceptions=True)
    assert [call.id for call in await store.list_calls()] == ["AJ_new"]
    assert audio.call_ids() == ["AJ_new"]
    await database.aclose()


@pytest.mark.parametrize("answer", ["yes", "no", "first yes, then no"])
async def test_the_sound_of_a_call_is_recorded_only_after_the_callers_yes(
    begin: Begin, tmp_path: Path, answer: str
) -> None:
    """A no means no file, and one that comes later deletes it."""
    recording = begin(audio_settings(tmp_path, PARLEY_CONSENT="required"))
    audio = call_audio()
    recording.hear(audio)
    consent = Consent(required=True)
    recording.ask(consent)
    speak(audio)
    if "yes" in answer:
        consent.give("voice")
        speak(audio)
    if "no" in answer:
        consent.refuse("voice")
        speak(audio)
    await recording.aclose()
    is_kept = answer == "yes"
    assert AudioFiles(tmp_path / "audio").call_ids() == ["AJ_one"] * is_kept
    events = [entry.event for entry in (await record_in(settings_of(tmp_path))).entries]
    assert [e.state for e in events if isinstance(e, AudioNoted)] == ["begun"] * is_kept
    assert isinstance(events[-1], Closed)


async def test_the_sound_of_a_call_is_recorded_only_where_that_is_wanted(
    begin: Begin, tmp_path: Path
) -> None:
    """By default it is not; with consent switched off, from the first moment on, sealed if the
    rest is.
    """
    for changes, kept in (
        ({"PARLEY_AUDIO_RECORDING": "false"}, []),
        ({"PARLEY_RECORDS": "false"}, []),
        ({"PARLEY_RECORDS_KEYS": new_key()}, ["AJ_one.ogg.sealed"]),
    ):
        recording = begin(audio_settings(tmp_path, **changes))
        audio = call_audio()
        recording.hear(audio)
        recording.ask(Consent(required=False))
        speak(audio)
        await recording.aclose()
        found = [path.name for path in tmp_path.glob("audio/*")]  # noqa: ASYNC240
        assert found == kept


def audio_settings(folder: Path, **changes: str) -> Settings:
    ours = {"PARLEY_AUDIO_RECORDING": "true", "PARLEY_AUDIO_DIR": str(folder / "audio")}
    return settings_of(folder, **{**ours, **changes})


def call_audio() -> Any:
    """As much of a call's audio as a recording needs."""
    return SimpleNamespace(caller=CallerAudio([]), playout=SimpleNamespace(listener=None))


def speak(audio: Any) -> None:
    """A second of the caller."""
    for _ in range(50):
        audio.caller._process(rtc.AudioFrame(b"\x10\x20" * 320, 16_000, 1, 320))
