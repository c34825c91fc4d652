"""Calls that came while no worker could take them.

A room's dispatch is offered once, when the room is made. If no worker is registered at that moment,
or all are full, the server keeps the dispatch and never offers it again, and the caller waits in
silence. A worker that registers looks for such callers.
"""

from __future__ import annotations

import asyncio
import logging
import time

from livekit import api

from agent.settings import LiveKitSettings

logger = logging.getLogger(__name__)

_FRESH_S = 2.0
"""A dispatch younger than this is most likely on its way to a worker at this moment; older ones
that no worker took before this one registered are looked for after as long a wait. By then who took
one at the last moment is in its room, which the server tells sooner than that it was taken."""

_NAME_ATTRIBUTE = "lk.agent_name"


async def offer_waiting_calls(settings: LiveKitSettings) -> int:
    """Offer every call again that waits for an agent of our name; returns how many there were.

    Safe with many workers at once: who succeeds in deleting the old dispatch makes the new one.
    """
    await asyncio.sleep(_FRESH_S)
    key, secret = settings.api_key.get_secret_value(), settings.api_secret.get_secret_value()
    offered = 0
    async with api.LiveKitAPI(settings.url, key, secret) as server:
        rooms = await server.room.list_rooms(api.ListRoomsRequest())
        for room in rooms.rooms:
            for dispatch in await server.agent_dispatch.list_dispatch(room.name):
                waits = _waits(dispatch, settings.agent_name)
                if waits and await _has_only_callers(server, dispatch):
                    offered += await _offer_again(server, dispatch)
    if offered:
        logger.info("calls that were waiting are offered again", extra={"calls": offered})
    return offered


def _waits(dispatch: api.AgentDispatch, agent_name: str) -> bool:
    age_s = time.time() - dispatch.state.created_at / 1e9
    return dispatch.agent_name == agent_name and not dispatch.state.jobs and age_s > _FRESH_S


async def _has_only_callers(server: api.LiveKitAPI, dispatch: api.AgentDispatch) -> bool:
    # The room's own count is some seconds old.
    request = api.ListParticipantsRequest(room=dispatch.room)
    present = (await server.room.list_participants(request)).participants
    return bool(present) and not any(_is_agent(one, dispatch.agent_name) for one in present)


def _is_agent(participant: api.ParticipantInfo, agent_name: str) -> bool:
    is_agent = participant.kind == api.ParticipantInfo.Kind.AGENT
    return is_agent and participant.attributes.get(_NAME_ATTRIBUTE, agent_name) == agent_name


async def _offer_again(server: api.LiveKitAPI, dispatch: api.AgentDispatch) -> bool:
    try:
        await server.agent_dispatch.delete_dispatch(dispatch.id, dispatch.room)
    except api.TwirpError:
        return False  # another worker was faster, or the room has closed
    await server.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(
            agent_name=dispatch.agent_name, room=dispatch.room, metadata=dispatch.metadata
        )
    )
    return True
