"""What watches over a call."""

from __future__ import annotations

import time
from collections.abc import Callable

from livekit import rtc

from agent.bootstrap.call import Call
from agent.call.record import PipelineInForce
from agent.personas.collection import COLLECTION_TOOLS
from agent.settings import Settings
from agent.supervision.events import observe
from agent.supervision.remedies import SessionRemedies
from agent.supervision.supervisor import Supervisor
from agent.supervision.watch import Limits, Watch


def build_supervisor(
    settings: Settings,
    call: Call,
    *,
    room: rtc.Room,
    greet: Callable[[], object],
    end: Callable[[str, bool], None],
) -> Supervisor:
    """What watches over a call. It hears the session from now on, and acts once it is run.

    Args:
        settings: The worker's.
        call: The call.
        room: Where it takes place.
        greet: Says its first words, for the case that they were not heard.
        end: Ends it, given a reason and whether the caller must still be told.
    """
    session, voice = call.session, call.voice
    limits = Limits(
        silence_s=settings.supervision.silence_limit_s,
        tool_s=settings.supervision.tool_limit_s,
        idle_s=settings.supervision.idle_s,
        progress_s=settings.supervision.no_progress_s,
    )

    async def change_pipeline(limit_s: float) -> None:
        await call.failover.change(session, limit_s=limit_s)
        in_use = call.failover.in_use
        call.turn_taking.follow(in_use)
        call.listener.note(PipelineInForce(in_use, call.state.language, replaced=True))

    remedies = SessionRemedies(
        session,
        voice,
        room=room,
        language=call.plan.language,
        greet=greet,
        change_pipeline=change_pipeline,
        end=end,
        tell=call.listener.on_clip,
    )
    call.manner.on_language(remedies.speak)
    supervisor = Supervisor(
        Watch(limits, time.monotonic()),
        remedies,
        limits,
        heard_until_s=voice.reply_heard_until_s,
        in_reply=lambda: voice.in_reply,
        longest_turn_end_s=lambda: session.options.endpointing["max_delay"],
        tell=call.listener.on_step,
    )
    observe(session, supervisor.watch, supervisor.ladder, voice, conversing=COLLECTION_TOOLS)
    return supervisor
