"""What one job does. Module-level functions: jobs run in child processes that find them by name.

The framework waits for `answer_call` to return before it closes the session of a job that must
end, so nothing here waits for the end of the call: that is up to the `Line`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext, JobProcess, vad

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
from agent.call_control import Controls
from agent.cost.farewell import Farewell
from agent.errors import BudgetSpent, CallOptionsError
from agent.line import Line
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
from agent.telemetry.logs import keep_logs_discreet
from agent.telephony.phone import Phone

logger = logging.getLogger(__name__)


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
    line = Line(ctx, recording, publishing)
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
    line: Line,
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
