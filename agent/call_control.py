"""What the tools of a call do to it: the call control of `agent.call.state`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from livekit.agents import AgentSession
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.call.consent import Consent
from agent.pipeline.manner import Manner
from agent.pipeline.speeches import Speeches
from agent.telephony.phone import Phone, TransferFailed

logger = logging.getLogger(__name__)

GOODBYE_LIMIT_S = 15.0
"""Last words that take longer than this are cut: the call was meant to end, or to go elsewhere."""


class Patience(Protocol):
    """Who would otherwise see to it that nobody waits in silence."""

    def wait(self, limit_s: float) -> None:
        """Leave the caller in peace for so long, or until `attend`."""
        ...

    def attend(self) -> None:
        """The caller speaks with the agent again."""
        ...


class Controls:
    """A CallControl.

    Args:
        phone: The caller's telephone.
        close: Ends the call within a bound, given the reason; harmless to repeat.
    """

    def __init__(self, phone: Phone, close: Callable[[str], None]) -> None:
        self._phone = phone
        self._close = close
        self._session: AgentSession[Any] | None = None
        self._speeches: Speeches | None = None
        self._manner = Manner()
        self._patience: Patience | None = None
        self._consent = Consent(required=False)
        self._holding: frozenset[SpeechHandle] | None = None
        self._ending = False
        self._transferring = False
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, session: AgentSession[Any], manner: Manner) -> None:
        """Control this session, which has not begun to speak."""
        self._session, self._manner = session, manner
        self._speeches = Speeches(session)
        self._speeches.on_words(self._spoken)
        session.on("speech_created", lambda _: self._attend())

    def obey(self, patience: Patience) -> None:
        """Tell this one when the caller asks to wait."""
        self._patience = patience

    def heed(self, consent: Consent) -> None:
        """Let the caller take this back."""
        self._consent = consent

    @property
    def transfer_targets(self) -> tuple[str, ...]:
        """See CallControl."""
        return self._phone.targets

    def hang_up_after_reply(self) -> None:
        """See CallControl."""
        if not self._ending:
            self._ending = True
            self._start(self._hang_up())

    def transfer_after_reply(self, target: str) -> None:
        """See CallControl."""
        self._phone.check(target)
        if not self._transferring and not self._ending:
            self._transferring = True
            self._start(self._transfer(target))

    async def send_dtmf(self, digits: str) -> None:
        """See CallControl."""
        await self._phone.send_dtmf(digits)

    def hold(self, limit_s: float) -> bool:
        """See CallControl."""
        if self._patience is not None:
            self._patience.wait(limit_s)
        if self._holding is not None:
            return False
        self._holding = self._speeches.pending if self._speeches else frozenset()
        return True

    async def switch_language(self, language: str) -> None:
        """See CallControl."""
        await self._manner.switch_language(language)

    async def change_speed(self, factor: float) -> bool:
        """See CallControl."""
        return await self._manner.change_speed(factor)

    def stop_recording(self) -> bool:
        """See CallControl."""
        self._consent.refuse("voice")
        return self._consent.state == "refused"

    def last_reply(self) -> str:
        """See CallControl."""
        return self._speeches.last_heard if self._speeches else ""

    def _attend(self) -> None:
        if self._patience is not None and self._holding is not None:
            self._patience.attend()

    def _spoken(self, speech: SpeechHandle) -> None:
        """Who says more than that they wait, does not wait any more."""
        if self._holding is not None and speech not in self._holding:
            self._holding = None

    async def _hang_up(self) -> None:
        await self._last_words()
        self._close("agent hung up")

    async def _transfer(self, target: str) -> None:
        await self._last_words()
        try:
            await self._phone.transfer(target)
        except TransferFailed as error:
            self._transferring = False
            logger.warning("a transfer failed", extra={"target": target, "reason": str(error)})
            self._say_it_failed(target, str(error))
        else:
            logger.info("the caller was put through", extra={"target": target})
            self._close("caller was put through")

    async def _last_words(self) -> None:
        if self._speeches is not None and not await self._speeches.heard(GOODBYE_LIMIT_S):
            logger.warning("last words were cut after %.0f s", GOODBYE_LIMIT_S)

    def _say_it_failed(self, target: str, reason: str) -> None:
        if self._session is None:
            return
        try:
            self._session.generate_reply(
                instructions=f"Putting the caller through to {target} failed: {reason}. Tell them"
                " so in one sentence, and offer to take a message or to try again."
            )
        except RuntimeError:
            logger.info("the call was over before a transfer failed")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="call control")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("call control failed", exc_info=error)
            self._close("call control failed")
