"""A number, digit by digit: spoken, or typed on the telephone's keypad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, AgentTask
from livekit.agents.llm import ToolError, ToolFlag, function_tool

from agent.personas.collection.read_back import ReadBack

KEY_PAUSE_S = 4.0
"""After the last key the number counts as complete, unless # ended it before."""

_TASK = """\
You are one step of a call, there only to note down {what}: {count}. The caller says it or types
it on the keypad. Everything you write is spoken: one short sentence at a time, in the caller's
language, digit by digit.

Call `note_digits` as soon as you have heard digits, also when the caller corrects them. Never make
digits up. Then read them back and ask whether they are right. Call `confirm_digits` only after the
caller has said so. If the caller does not want to give the number, call `decline_digits`."""

Keypad = rtc.EventEmitter[Any]


def keypad_of(session: AgentSession[Any]) -> Keypad | None:
    """Where pressed keys are told of; None in a session without a room."""
    try:
        return session.room_io.room
    except RuntimeError:
        return None


class _Digits(AgentTask[str]):
    """The digits, once the caller has confirmed them.

    Args:
        what: What the number is, such as "the customer number".
        least: How many digits there are at least.
        most: How many there are at most.
        find_keypad: Where pressed keys are told of.
        options: See AgentTask.
    """

    def __init__(
        self,
        *,
        what: str,
        least: int = 1,
        most: int = 20,
        find_keypad: Callable[[AgentSession[Any]], Keypad | None] = keypad_of,
        **options: Any,
    ) -> None:
        self._what = what
        self._least, self._most = least, most
        self._find_keypad = find_keypad
        self._keypad: Keypad | None = None
        self._pressed = ""
        self._pause: asyncio.TimerHandle | None = None
        self._entering: set[asyncio.Task[None]] = set()
        instructions = _TASK.format(what=what, count=self._count_in_words())
        super().__init__(instructions=instructions, **options)

    async def on_enter(self) -> None:
        """See Agent."""
        self._keypad = self._find_keypad(self.session)
        if self._keypad is not None:
            self._keypad.on("sip_dtmf_received", self._on_key)
        self.session.generate_reply(
            instructions=f"In one sentence, find out {self._what} from the caller. If they have"
            " given it already in this call, note it down instead.",
        )

    async def on_exit(self) -> None:
        """See Agent."""
        if self._keypad is not None:
            self._keypad.off("sip_dtmf_received", self._on_key)
        if self._pause is not None:
            self._pause.cancel()

    @function_tool()
    async def note_digits(self, digits: str) -> str:
        """Note down the digits that the caller has said, also as a correction.

        Args:
            digits: All digits in their order, without anything between them.
        """
        noted = "".join(digit for digit in digits if digit in "0123456789")
        if not self._fits(noted):
            raise ToolError(f"That is not {self._count_in_words()}. Ask the caller once more.")
        await self._offer(noted)
        return f"Noted: {_spaced(noted)}. Read it back digit by digit and ask whether it is right."

    @function_tool(flags=ToolFlag.IGNORE_ON_ENTER)
    async def decline_digits(self, reason: str) -> None:
        """Leave without the number, when the caller does not want to give it or does not have it.

        Args:
            reason: Why, in a few words.
        """
        if not self.done():
            self.complete(ToolError(f"The caller did not give {self._what}: {reason[:200]}"))

    async def _offer(self, digits: str) -> None:
        """Let these digits be confirmed, and no others."""

        async def confirm_digits() -> None:
            if not self.done():
                self.complete(digits)

        confirm = function_tool(
            confirm_digits, description="Call after the caller has said that the digits are right."
        )
        others = [tool for tool in self.tools if tool.id != confirm.id]
        await self.update_tools([*others, confirm])

    def _on_key(self, event: rtc.SipDTMF) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if event.digit == "*":
            self._pressed = ""
        elif event.digit.isdigit():
            self._pressed += event.digit
        if event.digit == "#" or len(self._pressed) == self._most:
            self._enter_keys()
        elif self._pressed:
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(KEY_PAUSE_S, self._enter_keys)

    def _enter_keys(self) -> None:
        digits, self._pressed = self._pressed, ""
        task = asyncio.create_task(self._take_keys(digits), name="digits.take_keys")
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _take_keys(self, digits: str) -> None:
        if self._fits(digits):
            await self._offer(digits)
            told = f"The caller has typed {_spaced(digits)}. Read it back and have it confirmed."
        else:
            told = f"What the caller typed is not {self._count_in_words()}. Have it typed again."
        try:
            await self.session.interrupt()
            self.session.generate_reply(instructions=told, tool_choice="none")
        except RuntimeError:  # the session is closing, or a passage may not be interrupted
            return

    def _fits(self, digits: str) -> bool:
        return self._least <= len(digits) <= self._most

    def _count_in_words(self) -> str:
        if self._least == self._most:
            return f"{self._most} digits"
        return f"{self._least} to {self._most} digits"


class DigitsTask(ReadBack, _Digits):
    """See _Digits; confirmed only after the caller has spoken."""


def _spaced(digits: str) -> str:
    return " ".join(digits)
