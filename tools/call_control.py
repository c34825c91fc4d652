"""Tools that act on the call itself."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from agent.call.state import CallState
from agent.call.tool import tool
from agent.errors import ToolError
from tools.languages import find_language

STEP = 0.85
"""One step slower; the same step back is one faster. Callers hear 15 % as a clear difference."""
MAX_HOLD_MINUTES = 10


@tool(interruptible=False)
async def end_call(call: CallState) -> str:
    """End the call. Use it when the caller says goodbye or bye, or asks to hang up.

    Do not use it while the caller still wants something.
    """
    call.control.hang_up_after_reply()
    return "The call ends after your next sentence. Say a short goodbye."


@tool(interruptible=False, room=True)
async def transfer_call(call: CallState, to: str) -> str:
    """Transfer the caller to a person or another number, when they ask for it.

    Args:
        to: The name of the team or person, such as "reception".
    """
    target = _find_target(to, call.control.transfer_targets)
    call.control.transfer_after_reply(target)
    return (
        f"The caller is put through to {target} after your next sentence. Say only that you are"
        " putting them through."
    )


@tool(room=True)
async def hold(
    call: CallState, minutes: Annotated[int, Field(ge=1, le=MAX_HOLD_MINUTES)] = 3
) -> str:
    """Wait for the caller. Use it when the caller asks you to hold on or to wait a moment.

    While you wait, use it again for everything you hear that is not meant for you.

    Args:
        minutes: How long to wait at most.
    """
    if not call.control.hold(minutes * 60.0):
        return ""
    return "You are waiting. Say in three words that you are, and nothing more."


@tool(room=True)
async def send_dtmf(call: CallState, digits: str) -> str:
    """Press keys of the telephone, as a menu at the other end asks for.

    Args:
        digits: The keys: digits, star as * and pound as #, such as "1" or "4021#".
    """
    keys = re.sub(r"[\s.-]", "", digits)
    if not re.fullmatch(r"[0-9*#]{1,32}", keys):
        raise ToolError("Only digits, star and pound can be sent, up to thirty-two at once.")
    await call.control.send_dtmf(keys)
    return "The keys were sent."


@tool(interruptible=False, room=True)
async def stop_recording(call: CallState) -> str:
    """Stop recording this call. Use it when the caller does not want to be recorded any more."""
    if not call.control.stop_recording():
        raise ToolError(
            "What is recorded of this call cannot be changed here. Say so, and offer to pass on"
            " the wish that it is deleted."
        )
    return (
        "From now on nothing of what is said is kept, and the sound recorded so far is deleted."
        " Tell the caller that the recording has stopped."
    )


@tool(room=True)
async def switch_language(call: CallState, language: str) -> str:
    """Go on in another language. Use it when the caller asks for a language or speaks one.

    Args:
        language: The language, such as "German" or "de".
    """
    found = find_language(language)
    if found is None:
        raise ToolError("That language is not known. Ask which language the caller would like.")
    await call.control.switch_language(found.tag)
    call.language = found.tag
    return f"From now on speak {found.name} and nothing else, until the caller asks for another."


@tool(room=True)
async def speak_slower(call: CallState) -> str:
    """Speak slower from now on, when the caller cannot follow."""
    if await call.control.change_speed(STEP):
        return "You speak slower now. Say your last sentence again, in short words."
    return "You cannot speak any slower. Say your last sentence again, in short words."


@tool(room=True)
async def speak_faster(call: CallState) -> str:
    """Speak faster from now on, when the caller asks for it."""
    if await call.control.change_speed(1 / STEP):
        return "You speak faster now. Go on where you were."
    return "You cannot speak any faster. Go on where you were, in fewer words."


@tool(room=True)
async def repeat_last(call: CallState) -> str:
    """Say your last words again, when the caller did not hear or understand them."""
    last = call.control.last_reply()
    if not last:
        raise ToolError("You have said nothing yet. Ask what you can do for the caller.")
    return f"Say again, word for word: {last}"


def _find_target(asked: str, targets: tuple[str, ...]) -> str:
    if not targets:
        raise ToolError("Nobody can be reached by transfer. Offer to take a message.")
    wanted = _plain(asked)
    for target in targets:
        if _plain(target) == wanted:
            return target
    raise ToolError(f"Callers can be put through to {_listed(targets)} only. Ask whom they want.")


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _listed(names: tuple[str, ...]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
