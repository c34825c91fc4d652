"""What one job does. Module-level functions: jobs run in child processes that find them by name.

The framework waits for `answer_call` to return before it closes the session of a job that must
end, so nothing here waits for the end of the call: the session's close event starts `_finish`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from livekit import api, rtc
from livekit.agents import (
    AgentSession,
    AutoSubscribe,
    CloseEvent,
    CloseReason,
    ErrorEvent,
    JobContext,
    JobProcess,
    vad,
)
from livekit.rtc.participant import RemoteParticipant

from agent.bootstrap import build_call, plan_call
from agent.call.options import JobMetadata
from agent.call.state import CallState, Speech
from agent.errors import CallOptionsError
from agent.pipeline.session import greet, room_options
from agent.pipeline.turns import load_vad
from agent.settings import Settings, load_settings
from agent.supervision.last_words import say_last_words

logger = logging.getLogger(__name__)

GOODBYE_LIMIT_S = 15.0
"""A goodbye that takes longer than this is cut: the call was meant to end."""

REJOIN_GRACE_S = 15.0
"""A caller whose connection broke may come back within this time and find the call going on."""

STANDARD_CLOSE = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.ROOM_DELETED,
        rtc.DisconnectReason.USER_REJECTED,
    }
)
"""Reasons for which the framework itself closes the session when the caller disconnects."""


@dataclass(frozen=True, slots=True)
class Prewarmed:
    """What a job process has loaded before its call comes."""

    settings: Settings
    vad: vad.VAD


def prewarm(process: JobProcess) -> None:
    """Load what every call needs, while no caller waits for it."""
    process.userdata["prewarmed"] = Prewarmed(load_settings(os.environ), load_vad())


async def answer_call(ctx: JobContext) -> None:
    """Take one call: join the room, link to the caller, greet."""
    ctx.log_context_fields = {"call_id": ctx.job.id, "room": ctx.job.room.name}
    line = _Line(ctx)
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    try:
        await _begin(ctx, line)
    except CallOptionsError as error:
        logger.warning("call refused: %s", error)
        await line.apologise_and_hang_up("call options refused")
    except Exception:  # the edge of the job: whatever it was, the caller must not sit in silence
        logger.exception("call failed to start")
        await line.apologise_and_hang_up("call failed to start")


async def end_call(ctx: JobContext) -> None:
    """The last thing a job does with its call; the framework gives it five minutes."""
    logger.info("call ended")


async def _begin(ctx: JobContext, line: _Line) -> None:
    prewarmed: Prewarmed = ctx.proc.userdata["prewarmed"]
    line.metadata = metadata = JobMetadata.parse(ctx.job.metadata)
    plan = plan_call(prewarmed.settings, metadata)
    call = build_call(prewarmed.settings, plan, call_id=ctx.job.id, vad=prewarmed.vad, control=line)
    line.take(call.session)
    await call.session.start(
        call.agent,
        room=ctx.room,
        room_options=room_options(participant_identity=metadata.participant_identity),
        # The framework's default lets anyone in the room read the prompt and drive turns.
        session_host=False,
        record=False,
    )
    try:
        caller = await asyncio.wait_for(
            ctx.wait_for_participant(identity=metadata.participant_identity),
            prewarmed.settings.call.join_timeout_s,
        )
    except TimeoutError:
        logger.warning("the caller did not join in time")
        await line.hang_up("caller did not join")
        return
    logger.info("call started", extra={"pipeline": plan.pipeline, "persona": plan.persona.name})
    line.watch(caller)
    greet(call.session, plan.persona.greeting)


class _Line:
    """The connection to one caller: who is on it, and how it ends."""

    def __init__(self, ctx: JobContext) -> None:
        self.metadata = JobMetadata()
        self._ctx = ctx
        self._session: AgentSession[CallState] | None = None
        self._finished = False
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, session: AgentSession[CallState]) -> None:
        """End the call when this session closes or fails for good."""
        self._session = session

        @session.once("close")
        def _closed(event: CloseEvent) -> None:
            self._start(self._finish(event.reason))

        @session.on("error")
        def _failed(event: ErrorEvent) -> None:
            # Not left to the close event: closing a session whose realtime model cannot be reached
            # raises in the framework before the event is emitted.
            if not event.error.recoverable:
                self._start(self._finish(CloseReason.ERROR))

    def watch(self, caller: RemoteParticipant) -> None:
        """End the call when the caller's connection breaks and does not come back."""

        @self._ctx.room.on("participant_disconnected")
        def _left(participant: RemoteParticipant) -> None:
            if (
                participant.identity == caller.identity
                and participant.disconnect_reason not in STANDARD_CLOSE
            ):
                self._start(self._end_unless_back(participant.identity))

    def hang_up_after(self, speech: Speech) -> None:
        """See CallControl."""
        self._start(self._close_after(speech))

    async def apologise_and_hang_up(self, reason: str) -> None:
        """Tell the caller, without any provider, that the call cannot go on; then end it."""
        try:
            await say_last_words(self._ctx.room)
        finally:
            await self.hang_up(reason)

    async def hang_up(self, reason: str) -> None:
        """End the job, and with it the room where the room was made for this call.

        In a room that is there for more than this call, the caller is taken off the line.
        """
        if self.metadata.participant_identity is not None:
            await self._ctx.delete_room()
        else:
            await self._remove_caller()
        self._ctx.shutdown(reason)

    async def _remove_caller(self) -> None:
        callers = [
            participant.identity
            for participant in self._ctx.room.remote_participants.values()
            if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        ]
        if len(callers) != 1:
            return
        request = api.RoomParticipantIdentity(room=self._ctx.room.name, identity=callers[0])
        try:
            await self._ctx.api.room.remove_participant(request)
        except api.TwirpError as error:
            logger.info("the caller was gone already", extra={"code": error.code})

    async def _finish(self, reason: CloseReason) -> None:
        if self._finished:
            return
        self._finished = True
        logger.info("session closed", extra={"reason": reason.value})
        if reason is CloseReason.JOB_SHUTDOWN:
            return
        if reason is CloseReason.ERROR:
            await self.apologise_and_hang_up("provider failed")
        else:
            await self.hang_up(reason.value)

    async def _close_after(self, speech: Speech) -> None:
        try:
            await asyncio.wait_for(speech.wait_for_playout(), GOODBYE_LIMIT_S)
        except TimeoutError:
            logger.warning("goodbye was cut after %.0f s", GOODBYE_LIMIT_S)
        if self._session is not None:
            self._session.shutdown(drain=False)

    async def _end_unless_back(self, identity: str) -> None:
        logger.warning("the caller's connection broke")
        try:
            await asyncio.wait_for(
                self._ctx.wait_for_participant(identity=identity), REJOIN_GRACE_S
            )
        except TimeoutError:
            if self._session is not None:
                self._session.shutdown(drain=False)
        else:
            logger.info("the caller is back")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("ending the call failed", exc_info=error)
            self._ctx.shutdown("ending the call failed")
