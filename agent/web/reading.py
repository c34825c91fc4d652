"""The records of calls as the web server reads them: in time, and with a note of who read what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from agent.errors import AudioNotFound, CallNotFound, RecordsError, SealingError
from agent.publishing.dead_letters import DeadLetters
from agent.records.audit import AuditEntry
from agent.records.callers import Caller
from agent.records.days import Days, count_days
from agent.records.desk import Desk, DeskSettings
from agent.records.erasing import Erased, erase_caller
from agent.records.export import redacted
from agent.records.query import CallPage, CallQuery, CallRecord
from agent.services.storage.engine import Database
from agent.settings import Settings
from agent.web.operators import Operator
from agent.web.refusals import Refusal

LIMIT_S = 15.0
ERASING_LIMIT_S = 300.0
"""The database's files may be written anew."""
NOTED_FOR_S = 600.0
"""A call that somebody looks at, second after second, is noted so seldom."""
MOST_NOTED = 10_000


class Reading:
    """Reads for operators. Words are given to nobody before the audit log has it.

    Args:
        desk: Its database is closed at the end of `lifespan`.
        zone: Of the business, on whose clock days begin.
    """

    def __init__(self, desk: Desk, zone: ZoneInfo) -> None:
        self._desk = desk
        self._zone = zone
        self._noted_s: dict[tuple[str, str, str], float] = {}

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """As long as the server runs."""
        try:
            yield
        finally:
            await self._desk.places.database.aclose()

    async def page(self, query: CallQuery, operator: Operator) -> CallPage:
        """Some of the calls, the latest first; a search by caller or words is noted."""
        if query.caller is not None:
            query = replace(query, caller=self._caller(query.caller).number or query.caller)
        async with in_time():
            page = await self._desk.store.page(query)
            if query.text is not None or query.caller is not None:
                await self._desk.audit.note(operator.actor, "search", count=len(page.calls))
            return page

    async def call(self, call_id: str, operator: Operator, *, after: int = 0) -> CallRecord:
        """One call, or what has come to it after an entry."""
        async with in_time():
            record = await self._desk.store.call(existing(call_id), after=after)
            if not operator.may("words"):
                return record
            await self._note_once("show", record.call.id, operator)
            return await asyncio.to_thread(redacted, record, self._desk.redact)

    async def exported(self, call_id: str, operator: Operator) -> CallRecord:
        """One call, to be taken away."""
        async with in_time():
            record = await self._desk.store.call(existing(call_id))
            await self._desk.audit.note(operator.actor, "export", record.call.id, count=1)
            return await asyncio.to_thread(redacted, record, self._desk.redact)

    async def has_audio(self, call_id: str) -> bool:
        """Whether what could be heard in a call was kept."""
        async with in_time():
            return await asyncio.to_thread(self._desk.places.audio.find, call_id) is not None

    async def audio(self, call_id: str, operator: Operator) -> bytes:
        """What could be heard in a call, as Ogg."""
        async with in_time():
            read = self._desk.places.audio.read
            pieces = await asyncio.to_thread(read, call_id, self._desk.sealing)
            await self._note_once("listen", call_id, operator)
            return await asyncio.to_thread(b"".join, pieces)

    async def days(self, since: datetime | None, before: datetime | None) -> Days:
        """How the calls went that began in a period."""
        async with in_time():
            return await count_days(self._desk.places.database, since, before, self._zone)

    async def audit(self, limit: int) -> list[AuditEntry]:
        """Who has read and erased what, the latest first."""
        async with in_time():
            return await self._desk.audit.entries(limit=limit)

    async def erase(self, caller: str, operator: Operator) -> Erased:
        """Erase every trace of a caller, named by identity or number; see `erase_caller`."""
        async with in_time(ERASING_LIMIT_S):
            whose = self._caller(caller)
            return await erase_caller(self._desk.places, whose, actor=operator.actor)

    def _caller(self, text: str) -> Caller:
        return Caller.named(text, region=self._desk.settings.phone_region)

    async def _note_once(self, action: str, call_id: str, operator: Operator) -> None:
        key, now_s = (operator.actor, action, call_id), time.monotonic()
        if now_s - self._noted_s.get(key, -NOTED_FOR_S) < NOTED_FOR_S:
            return
        await self._desk.audit.note(operator.actor, action, call_id, count=1)
        if len(self._noted_s) >= MOST_NOTED:
            self._noted_s.clear()
        self._noted_s[key] = now_s


def build_reading(settings: Settings) -> Reading:
    """Of the database that the settings name.

    Raises:
        SettingsError: it or the keys cannot be used.
    """
    needed = DeskSettings(
        database=settings.database,
        records=settings.records,
        privacy=settings.privacy,
        phone_region=settings.business.phone_region,
        letters=DeadLetters(settings.webhooks.dead_letters),
    )
    desk = Desk.at(Database(settings.database), needed)
    return Reading(desk, ZoneInfo(settings.business.time_zone))


def existing(call_id: str) -> str:
    """An id that there may be.

    Raises:
        CallNotFound: PostgreSQL has no such text.
    """
    if "\0" in call_id:
        raise CallNotFound("there is no such call")
    return call_id


@asynccontextmanager
async def in_time(limit_s: float = LIMIT_S) -> AsyncIterator[None]:
    """Turns what can go wrong with the records into refusals, a long wait among it."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except CallNotFound:
        raise Refusal(
            HTTPStatus.NOT_FOUND, "no_such_call", "There is no record of this call."
        ) from None
    except AudioNotFound:
        raise Refusal(HTTPStatus.NOT_FOUND, "no_audio", "There is no audio of this call.") from None
    except (RecordsError, SealingError) as error:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, "records_unusable", f"{error}.".replace("..", ".")
        ) from error
    except (SQLAlchemyError, OSError, TimeoutError) as error:  # their words may hold the address
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "records_unreachable",
            "The database of the records does not answer. See that the one at PARLEY_DATABASE_URL"
            " runs, then try again; calls go on meanwhile, and none is lost.",
        ) from error
