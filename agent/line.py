"""The connection to one caller: who is on it, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from livekit import api, rtc
from livekit.agents import (
    AgentSession,
    CloseEvent,
    CloseReason,
    JobContext,
    UserStateChangedEvent,
)
from livekit.rtc.participant import RemoteParticipant

from agent.bootstrap import Opening, Publishing, Recording
from agent.call.options import JobMetadata
from agent.call.state import CallState
from agent.supervision.last_words import say_last_words
from agent.supervision.presence import OnPresence, Presence
from agent.supervision.supervisor import Supervisor
from agent.supervision.watch import Trouble

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S = 4.0
"""A session that takes longer than this to close is left to itself, and the call is ended."""

HEAR_OUT_S = 0.6
"""What was played last is still under way to the caller for this long: across the network and
through the jitter buffer of a phone on a bad line.
"""

ENDING_ATTRIBUTE = "parley.ending"
"""What the agent's participant tells clients of why it hangs up: `fault`, `idle` or `normal`."""

TELL_LIMIT_S = 1.0

_ENDINGS: Mapping[str, str] = {
    **{trouble.value: "fault" for trouble in Trouble},
    Trouble.IDLE.value: "idle",
    Trouble.NO_PROGRESS.value: "idle",
}


class Line:
    """The connection to one caller: who is on it, and how it ends."""

    def __init__(
        self,
        ctx: JobContext,
        recording: Recording | None = None,
        publishing: Publishing | None = None,
    ) -> None:
        self.metadata = JobMetadata()
        self._ctx = ctx
        self._recording = recording or Recording.without_record()
        self._publishing = publishing
        self._session: AgentSession[CallState] | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._presence: Presence | None = None
        self._opening: Opening | None = None
        self._finished = False
        self._ending: str | None = None
        self._must_apologise = False
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, session: AgentSession[CallState]) -> None:
        """End the call when this session closes."""
        self._session = session

        @session.once("close")
        def _closed(event: CloseEvent) -> None:
            self._start(self._finish(event.reason))

    def begin(self, opening: Opening) -> None:
        """The call begins like this; it ends when the session closes."""
        self._opening = opening

    def watch(self, caller: RemoteParticipant, supervisor: Supervisor, *, grace_s: float) -> None:
        """Let a supervisor watch over the call, and end it when the caller is gone for longer than
        a grace.
        """
        self._supervision = self._start(supervisor.run())
        on = OnPresence(away=supervisor.away, back=supervisor.back, gone=self.close)
        self._presence = presence = Presence(caller.identity, grace_s=grace_s, on=on)
        presence.watch(self._ctx.room)
        if self._session is not None:

            @self._session.on("user_state_changed")
            def _heard(event: UserStateChangedEvent) -> None:
                if event.new_state == "speaking":  # so the packets were not lost
                    presence.heard()

    def close(self, reason: str, apologise: bool = False) -> None:
        """Close the session and end the call, within a bound, in any case."""
        if self._ending is None:
            self._ending, self._must_apologise = reason, apologise
            self._start(self._close())

    async def apologise_and_hang_up(self, reason: str) -> None:
        """Tell the caller, without any provider, that the call cannot go on; then end it."""
        try:
            audio = self._recording.audio
            on_played = audio.played if audio is not None else None
            clip = await say_last_words(self._ctx.room, on_played=on_played)
            self._recording.listener.on_clip(clip)
        finally:
            await self.hang_up(reason, ending="fault")

    async def hang_up(self, reason: str, *, ending: str = "normal") -> None:
        """End the job, and with it the room where the room was made for this call.

        In a room that is there for more than this call, the caller is taken off the line. Clients
        are told the ending, see ENDING_ATTRIBUTE.
        """
        await self._ends(reason)
        await self._tell(ending)
        if self._callers():
            await asyncio.sleep(HEAR_OUT_S)
        if self.metadata.participant_identity is not None:
            await self._ctx.delete_room()
        else:
            await self._remove_caller()
        self._ctx.shutdown(reason)

    async def _ends(self, reason: str) -> None:
        self._recording.ends(reason)
        if self._publishing is not None:
            await self._publishing.ends(self._recording.reason)

    async def _tell(self, ending: str) -> None:
        if not self._ctx.room.isconnected():
            return
        telling = self._ctx.room.local_participant.set_attributes({ENDING_ATTRIBUTE: ending})
        try:
            await asyncio.wait_for(telling, TELL_LIMIT_S)
        except TimeoutError:
            logger.info("the call's ending could not be told")

    async def _remove_caller(self) -> None:
        callers = self._callers()
        if len(callers) != 1:
            return
        request = api.RoomParticipantIdentity(room=self._ctx.room.name, identity=callers[0])
        try:
            await self._ctx.api.room.remove_participant(request)
        except api.TwirpError as error:
            logger.info("the caller was gone already", extra={"code": error.code})

    def _callers(self) -> list[str]:
        """Who is in the room and no agent: their identities."""
        return [
            participant.identity
            for participant in self._ctx.room.remote_participants.values()
            if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        ]

    async def _finish(self, reason: CloseReason) -> None:
        if self._finished:
            return
        self._finished = True
        logger.info("session closed", extra={"reason": reason.value})
        if self._supervision is not None:
            self._supervision.cancel()
        if self._presence is not None:
            self._presence.aclose()
        if self._opening is not None:
            await self._opening.aclose()
        if reason is CloseReason.JOB_SHUTDOWN:
            await self._ends(self._ending or reason.value)
            return
        if reason is CloseReason.ERROR or self._must_apologise:
            await self.apologise_and_hang_up(self._ending or "provider failed")
        else:
            ending = _ENDINGS.get(self._ending or "", "normal")
            await self.hang_up(self._ending or reason.value, ending=ending)

    async def _close(self) -> None:
        if self._session is not None:
            self._session.shutdown(drain=False)
        await asyncio.sleep(CLOSE_LIMIT_S)
        if not self._finished:
            logger.warning("the session did not close in time")
            await self._finish(CloseReason.USER_INITIATED)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("ending the call failed", exc_info=error)
            self._ctx.shutdown("ending the call failed")
