"""Tools that act on the call itself."""

from __future__ import annotations

from livekit.agents import RunContext, function_tool

from agent.call.state import CallState


@function_tool
async def end_call(ctx: RunContext[CallState]) -> str:
    """End the call. Use it when the caller says goodbye or bye, or asks to hang up.

    Do not use it while the caller still wants something.
    """
    # The goodbye is spoken under this same handle, and must not be cut off by a "bye" back.
    ctx.disallow_interruptions()
    ctx.userdata.control.hang_up_after(ctx.speech_handle)
    return "The call ends after your next sentence. Say a short goodbye."
