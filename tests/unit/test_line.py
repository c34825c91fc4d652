"""How a call ends, and who may come back to it: the line, without a room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, CloseReason, JobContext

from agent.call.options import JobMetadata
from agent.call.state import CallState
from agent.line import CLOSE_LIMIT_S, HEAR_OUT_S, Line
from agent.supervision.presence import LEFT_GRACE_S
from agent.supervision.supervisor import Supervisor


@dataclass
class FakeCaller:
    """As much of a participant as the line looks at."""

    identity: str = "caller"
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    disconnect_reason: int = rtc.DisconnectReason.CLIENT_INITIATED


class FakeSession(rtc.EventEmitter[str]):
    """Closes when it is told to, unless it is `stuck`."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = False

    def shutdown(self, *, drain: bool) -> None:
        """See AgentSession."""
        if not self.stuck:
            self.emit("close", FakeClose(CloseReason.USER_INITIATED))


@dataclass
class FakeClose:
    """A close event."""

    reason: CloseReason


@dataclass
class FakeUserState:
    """What the caller does now."""

    new_state: str


@dataclass
class FakeSupervisor:
    """Notes what it is told."""

    told: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """See Supervisor."""
        await asyncio.Event().wait()

    def away(self) -> None:
        """See Supervisor."""
        self.told.append("away")

    def back(self) -> None:
        """See Supervisor."""
        self.told.append("back")


class FakeRoom(rtc.EventEmitter[str]):
    """A room that nobody is told anything in."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, FakeCaller] = {}

    def isconnected(self) -> bool:
        """See Room."""
        return False


class FakeContext:
    """A job that notes its end."""

    def __init__(self) -> None:
        self.room = FakeRoom()
        self.room_deleted = False
        self.reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def delete_room(self) -> None:
        """See JobContext."""
        self.room_deleted = True

    def shutdown(self, reason: str) -> None:
        """See JobContext."""
        if not self.reason.done():
            self.reason.set_result(reason)


@dataclass
class Scene:
    """A line with a caller on it."""

    line: Line
    context: FakeContext
    session: FakeSession
    supervisor: FakeSupervisor
    caller: FakeCaller

    def leaves(self, reason: int) -> None:
        """The caller disconnects."""
        self.caller.disconnect_reason = reason
        self.context.room.emit("participant_disconnected", self.caller)

    async def end(self, within_s: float) -> str:
        """The reason for which the job ends."""
        return await asyncio.wait_for(asyncio.shield(self.context.reason), within_s)


@pytest.fixture
def on_line() -> Callable[[float], Scene]:
    """Makes a scene; takes the grace for a connection that broke, in seconds."""

    def make(grace_s: float) -> Scene:
        context, session, supervisor = FakeContext(), FakeSession(), FakeSupervisor()
        line = Line(cast("JobContext", context))
        line.metadata = JobMetadata(participant_identity="caller")
        line.take(cast("AgentSession[CallState]", session))
        caller = FakeCaller()
        line.watch(
            cast("rtc.RemoteParticipant", caller), cast("Supervisor", supervisor), grace_s=grace_s
        )
        return Scene(line, context, session, supervisor, caller)

    return make


OnLine = Callable[[float], Scene]


async def test_a_caller_who_is_there_hears_the_last_word_out(on_line: OnLine) -> None:
    """The room outlives the end of the call for as long as sound is under way to them."""
    scene = on_line(5.0)
    scene.context.room.remote_participants["caller"] = scene.caller
    began_s = asyncio.get_running_loop().time()
    scene.line.close("agent hung up")
    assert await scene.end(2.0) == "agent hung up"
    assert asyncio.get_running_loop().time() - began_s >= HEAR_OUT_S
    assert scene.context.room_deleted


async def test_a_call_ends_with_its_reason(on_line: OnLine) -> None:
    """The session closes, the room goes, and the job says why."""
    scene = on_line(15.0)
    scene.line.close("idle caller")
    scene.line.close("another")
    assert await scene.end(1.0) == "idle caller"
    assert scene.context.room_deleted


async def test_a_stuck_close_ends_the_call_all_the_same(on_line: OnLine) -> None:
    """A session that does not close within its limit is left to itself."""
    scene = on_line(15.0)
    scene.session.stuck = True
    scene.line.close("agent hung up")
    assert await scene.end(CLOSE_LIMIT_S + 1.0) == "agent hung up"
    assert scene.context.room_deleted


async def test_who_hangs_up_is_waited_for_no_longer_than_a_page_reloads(on_line: OnLine) -> None:
    """The grace for an orderly leave is short, however long the other is."""
    scene = on_line(300.0)
    scene.leaves(rtc.DisconnectReason.CLIENT_INITIATED)
    assert await scene.end(LEFT_GRACE_S + 1.0) == "caller left"


async def test_a_deleted_room_ends_the_call_at_once(on_line: OnLine) -> None:
    """Nobody comes back to it."""
    scene = on_line(300.0)
    scene.leaves(rtc.DisconnectReason.ROOM_DELETED)
    assert await scene.end(1.0) == "caller is gone"


async def test_a_caller_who_is_not_reached_counts_as_away(on_line: OnLine) -> None:
    """The server tells of lost packets long before it takes the participant for gone. Who is heard
    is not away.
    """
    scene = on_line(0.3)
    quality: Any = rtc.ConnectionQuality
    scene.context.room.emit("connection_quality_changed", scene.caller, quality.QUALITY_LOST)
    scene.context.room.emit("connection_quality_changed", scene.caller, quality.QUALITY_GOOD)
    assert scene.supervisor.told == ["away", "back"]
    scene.context.room.emit("connection_quality_changed", scene.caller, quality.QUALITY_LOST)
    scene.session.emit("user_state_changed", FakeUserState("speaking"))
    assert scene.supervisor.told == ["away", "back"] * 2
    scene.context.room.emit("connection_quality_changed", scene.caller, quality.QUALITY_LOST)
    assert await scene.end(1.0) == "caller is not reached"
