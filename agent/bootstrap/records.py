"""The records of a worker's calls: one recorder for each call, and what looks after the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from livekit.agents import JobContext
from sqlalchemy.exc import SQLAlchemyError

from agent.call.consent import Consent, ConsentDecided
from agent.call.events import CostChanged
from agent.call.record import BudgetNoted, Charged, Closed, ConsentNoted, Opened, RecordEvent
from agent.call.record_form import without_words
from agent.cost.budgets import Budgets
from agent.cost.meter import Meter
from agent.personas.collection import COLLECTION_TOOLS
from agent.pipeline.session import CallAudio
from agent.publishing.dead_letters import DeadLetters
from agent.records.audio_files import AudioFiles
from agent.records.audio_recorder import AudioRecorder
from agent.records.listener import CallListener, Note
from agent.records.places import Places
from agent.records.reconcile import EVERY_S, keep_reconciling
from agent.records.recorder import Recorder
from agent.records.redaction import build_redaction
from agent.records.retention import FOR_EVER, Keeping, keep_expiring
from agent.records.rows import Header, Writing, as_it_is
from agent.records.sealing import build_sealing
from agent.records.spool import Spool
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.settings import Settings

logger = logging.getLogger(__name__)


@dataclass
class Recording:
    """The record of one call, from its first moment to its last."""

    listener: CallListener
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    reason: str = ""
    """Why the call ends, as soon as that is known; the first reason stands."""
    consent: Consent = field(default_factory=lambda: Consent(required=False))
    meter: Meter | None = None
    audio: AudioRecorder | None = None
    """Of what is heard, if that is recorded."""
    followers: list[Note] = field(default_factory=list)
    """Who is told what the record is told, whether or not there is one."""

    @classmethod
    def begin(cls, settings: Settings, ctx: JobContext, database: Database) -> Recording:
        """Record a job's call from now on, if calls are recorded. Nothing is connected yet, and
        nothing that fails here or later is felt in the call. The database is closed after the
        record, and not by it.
        """
        return cls.open(settings, database, call_id=ctx.job.id, room=ctx.job.room.name)

    @classmethod
    def open(cls, settings: Settings, database: Database, *, call_id: str, room: str) -> Recording:
        """The same for a call of this id, in this room or, with an empty name, in none."""
        if settings.records.enabled:
            try:
                header = Header(call_id, room, datetime.now(UTC))
                return cls._begin(settings, header, database)
            except Exception:  # the edge of the record
                logger.exception("a call is not recorded")
        return cls.without_record()

    @classmethod
    def without_record(cls) -> Recording:
        """What is told goes to followers alone."""
        return cls._told_to(lambda _: None)

    @classmethod
    def _told_to(cls, keep: Note) -> Recording:
        def note(event: RecordEvent) -> None:
            told = event if recording.consent.may_keep else without_words(event)
            keep(told)
            for follower in recording.followers:
                follower(told)

        recording = cls(CallListener(note, framework_tools=COLLECTION_TOOLS))
        return recording

    @classmethod
    def _begin(cls, settings: Settings, header: Header, database: Database) -> Recording:
        began_s = time.monotonic()
        redact = build_redaction(settings.privacy, region=settings.business.phone_region)
        sealing = build_sealing(settings.privacy)
        recorder = Recorder(
            header,
            CallStore(database),
            Spool(settings.records.spool_folder),
            writing=Writing(redact=redact.redact_value if redact else as_it_is, seal=sealing.seal),
        )
        recording = cls._told_to(recorder.note)
        recording.closing.push_async_callback(recorder.aclose)
        recorder.note(Opened(header.room))
        if settings.records.audio:
            path = AudioFiles(settings.records.audio_folder).path(header.call_id)
            recording.audio = AudioRecorder(
                path, sealing, began_s=began_s, tell=recording.listener.note
            )
            if settings.privacy.consent != "required":
                recording.audio.begin()
        return recording

    def hear(self, audio: CallAudio) -> None:
        """Record the sound of a call, if that is wanted, as soon as its caller allows it."""
        if self.audio is not None:
            audio.caller.listener = self.audio.heard
            audio.playout.listener = self.audio

    def ask(self, consent: Consent) -> None:
        """Keep what is said only while the caller agrees to that, and record what they decided."""
        self.consent = consent
        consent.on_decided(self._decided)

    def _decided(self, decision: ConsentDecided) -> None:
        self.listener.note(ConsentNoted(decision.state, decision.by))
        if self.audio is not None:
            if decision.state == "given":
                self.audio.begin()
            else:
                self.audio.discard()

    def follow(self, meter: Meter, budgets: Budgets) -> None:
        """Record what the call costs, and what becomes of its budgets."""
        self.meter = meter
        meter.on_cost(lambda it: self.listener.note(_charged(it)))
        budgets.on_budget(
            lambda it: self.listener.note(
                BudgetNoted(it.budget, it.spent_usd, it.limit_usd, it.is_spent)
            )
        )

    def ends(self, reason: str) -> None:
        """The call ends, for this reason."""
        self.reason = self.reason or reason

    async def aclose(self) -> None:
        """What the line costs, the last event, and everything that is not written yet."""
        if self.meter is not None and (line := self.meter.telephone()) is not None:
            self.listener.note(_charged(line))
        if self.audio is not None:
            await self.audio.aclose()
        self.listener.note(Closed(self.reason or "job ended"))
        await self.closing.aclose()


def _charged(change: CostChanged) -> Charged:
    return Charged(
        model=change.model.name,
        usd=change.usd,
        total_usd=change.total.usd,
        price_version=change.price_version,
        unpriced=tuple(sorted(change.total.unpriced)),
        host=change.model.host,
        usage=change.usage,
    )


async def prepare_records(settings: Settings) -> None:
    """See that records can be kept. A database that does not answer is no reason to take no calls.

    Raises:
        RecordsError: the records there are a newer version's.
    """
    if not settings.records.enabled:
        return
    async with AsyncExitStack() as closing:
        try:
            await _open_store(settings, closing).prepare()
        except (SQLAlchemyError, OSError) as error:
            kind = type(error).__name__  # alone: the message may hold the address
            logger.warning("records wait for the database", extra={"error": kind})


async def look_after_records(settings: Settings) -> None:
    """Bring in what was left in the spool, settle the calls that were lost, and delete what is too
    old, until cancelled. Where no calls are recorded any more, what is too old is deleted still.
    """
    records = settings.records
    spool = Spool(records.spool_folder)
    async with asyncio.TaskGroup() as tasks:
        if records.enabled:
            settling = keep_reconciling(
                lambda closing: _open_store(settings, closing),
                spool,
                lost_after_s=records.lost_after_s,
                every_s=min(EVERY_S, records.lost_after_s / 2),
            )
            tasks.create_task(settling, name="settling records")
        if (keeping := Keeping.of(records)) != FOR_EVER:
            audio = AudioFiles(records.audio_folder)
            letters = DeadLetters(settings.webhooks.dead_letters)
            expiring = keep_expiring(
                lambda closing: Places(_open_database(settings, closing), spool, audio, letters),
                keeping,
            )
            tasks.create_task(expiring, name="expiring records")


def _open_store(settings: Settings, closing: AsyncExitStack) -> CallStore:
    return CallStore(_open_database(settings, closing))


def _open_database(settings: Settings, closing: AsyncExitStack) -> Database:
    database = Database(settings.database)
    closing.push_async_callback(database.aclose)
    return database
