"""An agent in this process: all of a job but the job, so that what it knows can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from livekit import api, rtc
from livekit.agents import utils

from agent.bootstrap import Call as BuiltCall
from agent.bootstrap import build_call, build_supervisor, plan_call
from agent.call.options import CallOptions
from agent.pipeline.connections import Connections, load_certificates
from agent.pipeline.session import room_options
from agent.pipeline.turns import load_vad
from agent.settings import load_settings
from tests.caller.driver import Call
from tests.caller.stack import API_KEY, API_SECRET, LiveKitServer, SandboxProvider
from tests.fakes.backing import fake_backing
from tests.fakes.control import FakeControl


class NoControl(FakeControl):
    """Nothing ends these calls but the test."""

    def end(self, reason: str, apologise: bool) -> None:
        """What a supervisor would end the call with."""


@asynccontextmanager
async def agent_in(
    call: Call, pipeline: str, livekit_server: LiveKitServer, provider: SandboxProvider
) -> AsyncIterator[BuiltCall]:
    """An agent in the caller's room, run by this process, where its history can be read."""
    settings = load_settings({**livekit_server.env, **provider.env})
    plan = plan_call(settings, CallOptions.known({"pipeline": pipeline}))
    connections, control, room = Connections(load_certificates()), NoControl(), rtc.Room()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        stack.push_async_callback(connections.aclose)
        built = build_call(
            settings,
            plan,
            fake_backing(),
            call_id="call",
            vad=load_vad(),
            connections=connections,
            control=control,
        )
        stack.push_async_callback(built.tool_calls.aclose)
        await room.connect(livekit_server.url, agent_token(call.room_name))
        stack.push_async_callback(room.disconnect)
        build_supervisor(settings, built, room=room, greet=lambda: None, end=control.end)
        built.audio.playout.start(room)
        stack.push_async_callback(built.audio.playout.aclose)
        await built.session.start(
            built.agent,
            room=room,
            room_options=room_options(
                built.audio, plan.pipeline, participant_identity=call.identity
            ),
            session_host=False,
            record=False,
        )
        stack.push_async_callback(built.session.aclose)
        yield built


def agent_token(room: str) -> str:
    """What lets an agent into a room, with which a worker would otherwise be dispatched."""
    grants = api.VideoGrants(
        room_join=True, room=room, agent=True, can_publish=True, can_subscribe=True
    )
    token = api.AccessToken(API_KEY, API_SECRET).with_identity("agent").with_kind("agent")
    return token.with_grants(grants).to_jwt()
