"""What one job does. Module-level functions: jobs run in child processes that find them by name.

The framework waits for `answer_call` to return before it closes the session of a job that must
end, so nothing here waits for the end of the call: the session's close event starts `_finish`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livekit import api, rtc
from livekit.agents import (
    AgentSession,
    AutoSubscribe,
    CloseEvent,
    CloseReason,
    JobContext,
    JobProcess,
    UserStateChangedEvent,
    vad,
)
from livekit.rtc.participant import RemoteParticipant

from agent.bootstrap import (
    Call,
    CallPlan,
    Checked,
    Opening,
    Publishing,
    Recording,
    build_call,
    build_supervisor,
    open_backing,
    plan_call,
    renew_personas,
    tell_costs,
)
from agent.call.options import JobMetadata
from agent.call.record import ParticipantJoined, PipelineInForce
from agent.call.state import CallState
from agent.call_control import Controls
from agent.cost.farewell import Farewell
from agent.errors import BudgetSpent, CallOptionsError
from agent.pipeline.caption_rate import measure_rate_quickly
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.realtime_link import OnSession
from agent.pipeline.session import announce, room_options
from agent.pipeline.turns import load_vad
from agent.publishing.listeners import Registered, find_listeners
from agent.records.listener import CallListener
from agent.services.knowledge import Knowledge
from agent.services.storage.engine import Database
from agent.services.tool_file import load_clients
from agent.settings import Settings, load_settings
from agent.supervision.last_words import say_last_words
from agent.supervision.presence import OnPresence, Presence
from agent.supervision.supervisor import Supervisor
from agent.supervision.watch import Trouble
from agent.telemetry.logs import keep_logs_discreet
from agent.telephony.phone import Phone

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


@dataclass(frozen=True, slots=True)
class Prewarmed:
    """What a job process has loaded before its call comes."""

    settings: Settings
    vad: vad.VAD
    certificates: ssl.SSLContext
    checked: Checked
    knowledge: Knowledge
    database: Database
    """Not connected yet. Building it would hold up a call's event loop for 10 ms."""
    listeners: tuple[Registered, ...]
    costs_folder: Path | None
    """Where the worker looks for what calls cost; None where it does not."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """The one database of a call, for its record and its tools, and what is closed before it."""

    database: Database
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def aclose(self) -> None:
        """Close all of it."""
        try:
            await self.closing.aclose()
        finally:
            await self.database.aclose()


def prewarm(process: JobProcess, *, checked: Checked, costs_folder: Path | None = None) -> None:
    """Load what every call needs, while no caller waits for it. What was `checked` when the worker
    started is not read again.
    """
    keep_logs_discreet()
    load_clients(checked.tool_file)
    settings = load_settings(os.environ)
    process.userdata["prewarmed"] = Prewarmed(
        settings,
        load_vad(),
        load_certificates(),
        checked,
        Knowledge(checked.passages),
        Database(settings.database),
        tuple(find_listeners(settings.events.listeners)),
        costs_folder,
    )


async def answer_call(ctx: JobContext) -> None:
    """Take one call: join the room, link to the caller, greet."""
    ctx.log_context_fields = {"call_id": ctx.job.id, "room": ctx.job.room.name}
    prewarmed: Prewarmed = ctx.proc.userdata["prewarmed"]
    storage = _Storage(prewarmed.database)
    ctx.add_shutdown_callback(storage.aclose)  # after `end_call`
    recording = Recording.begin(prewarmed.settings, ctx, storage.database)
    ctx.proc.userdata["recording"] = recording
    publishing = Publishing.begin(
        prewarmed.settings,
        ctx.job.id,
        listeners=prewarmed.listeners,
        certificates=prewarmed.certificates,
    )
    ctx.proc.userdata["publishing"] = publishing
    recording.followers.append(publishing.account.note)
    line = _Line(ctx, recording, publishing)
    connecting = asyncio.create_task(ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY))
    try:
        await _begin(ctx, line, connecting, recording, publishing=publishing, storage=storage)
    except CallOptionsError as error:
        logger.warning("call refused: %s", error)
        await connecting
        await line.apologise_and_hang_up("call options refused")
    except BudgetSpent as error:
        logger.warning("call refused: %s", error)
        await connecting
        # By a recording: a call that must cost nothing.
        await line.apologise_and_hang_up("budget is spent")
    except Exception:  # the edge of the job: whatever it was, the caller must not sit in silence
        logger.exception("call failed to start")
        await connecting
        await line.apologise_and_hang_up("call failed to start")


async def end_call(ctx: JobContext) -> None:
    """The last thing a job does with its call; the framework gives it five minutes."""
    recording: Recording | None = ctx.proc.userdata.pop("recording", None)
    publishing: Publishing | None = ctx.proc.userdata.pop("publishing", None)
    if recording is not None:
        await recording.aclose()
    if publishing is not None:  # after the record, whose last events are told too
        await publishing.aclose()
    logger.info("call ended")


async def _begin(
    ctx: JobContext,
    line: _Line,
    connecting: asyncio.Task[None],
    recording: Recording,
    *,
    publishing: Publishing,
    storage: _Storage,
) -> None:
    prewarmed: Prewarmed = ctx.proc.userdata["prewarmed"]
    settings = prewarmed.settings
    line.metadata = metadata = JobMetadata.parse(ctx.job.metadata)
    plan = plan_call(settings, metadata, renew_personas(settings, prewarmed.checked))
    listener = recording.listener
    listener.note(PipelineInForce(plan.pipeline, plan.language))
    phone = Phone(ctx.room, ctx.api.sip, settings.transfer.targets)
    controls = Controls(phone, line.close)
    call = await _build(
        ctx,
        prewarmed,
        plan,
        controls,
        listener=listener,
        on_realtime=publishing.on_realtime,
        storage=storage,
    )
    if await call.budgets.refuse_call():
        raise BudgetSpent("the budget of the day is spent")
    call.state.caller.staff = metadata.staff
    call.state.caller.user, call.state.caller.tenant = metadata.user, metadata.tenant
    line.take(call.session)
    controls.take(call.session, call.manner)
    opening = Opening(settings, call, ctx.room, lambda: phone.has_keys)
    line.begin(opening)
    recording.hear(call.audio)
    recording.ask(opening.consent)
    controls.heed(opening.consent)
    recording.follow(call.meter, call.budgets)
    publishing.follow(settings, call, ctx.room)
    supervisor = build_supervisor(settings, call, room=ctx.room, greet=opening.say, end=line.close)
    controls.obey(supervisor)
    await connecting
    await _join(ctx, call, metadata, opening)
    publishing.serve(call, opening, ctx.room)
    try:
        caller = await asyncio.wait_for(
            ctx.wait_for_participant(identity=metadata.participant_identity),
            settings.call.join_timeout_s,
        )
    except TimeoutError:
        logger.warning("the caller did not join in time")
        await line.hang_up("caller did not join")
        return
    phone.take(caller)
    call.state.caller.identity = caller.identity
    call.state.caller.phone_number = phone.number
    listener.note(ParticipantJoined(caller.identity, phone.number))
    if caller.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
        call.meter.telephone_begins()
    farewell = Farewell(lambda sentence: announce(call.session, sentence), line.close)
    call.budgets.start(lambda: farewell.begin(call.state.language))
    logger.info("call started", extra={"pipeline": plan.pipeline, "persona": plan.persona.name})
    line.watch(caller, supervisor, grace_s=settings.supervision.rejoin_grace_s)
    opening.say()


async def _build(
    ctx: JobContext,
    prewarmed: Prewarmed,
    plan: CallPlan,
    controls: Controls,
    *,
    listener: CallListener,
    on_realtime: OnSession,
    storage: _Storage,
) -> Call:
    """The call with everything behind it, which is closed in reverse order when the job ends."""
    closing = storage.closing
    connections = Connections(prewarmed.certificates)
    closing.push_async_callback(connections.aclose)
    backing = await open_backing(
        prewarmed.settings,
        prewarmed.checked,
        plan,
        database=storage.database,
        call_id=ctx.job.id,
        knowledge=prewarmed.knowledge,
        certificates=prewarmed.certificates,
        closing=closing,
    )
    call = build_call(
        prewarmed.settings,
        plan,
        backing,
        call_id=ctx.job.id,
        vad=prewarmed.vad,
        connections=connections,
        control=controls,
        room=ctx.room,
        listener=listener,
        on_realtime=on_realtime,
    )
    closing.push_async_callback(call.audio.playout.aclose)
    closing.push_async_callback(call.tool_calls.aclose)
    closing.push_async_callback(call.budgets.aclose)
    if prewarmed.costs_folder is not None:
        tell_costs(call.meter, prewarmed.costs_folder, closing)
    connections.start()
    return call


async def _join(ctx: JobContext, call: Call, metadata: JobMetadata, opening: Opening) -> None:
    """Let the call begin in its room, which is connected."""
    call.audio.playout.start(ctx.room)
    await call.session.start(
        call.agent,
        room=ctx.room,
        room_options=room_options(
            call.audio,
            call.plan.pipeline,
            participant_identity=metadata.participant_identity,
            on_text=opening.take_text,
        ),
        # The framework's default lets anyone in the room read the prompt and drive turns.
        session_host=False,
        record=False,
    )
    measure_rate_quickly(call.session)


class _Line:
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
