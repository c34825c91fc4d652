"""Watches one call and sees to it that the caller is never left in silence."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from agent.call.events import OnStep, StepTaken
from agent.supervision.clips import ClipName
from agent.supervision.ladder import Ladder, Step
from agent.supervision.remedies import Remedies
from agent.supervision.watch import Limits, Trouble, Watch

logger = logging.getLogger(__name__)

TICK_S = 0.1
FAULT_PAUSE_S = 1.0
MOST_BRIDGES = 12
"""Times in a row that a recording asks for patience; by then every ladder has ended the call, a
tool's limit of 20 s included.
"""


class Supervisor:
    """Looks at a Watch ten times a second and climbs the Ladder.

    Args:
        watch: Kept up to date by who hears the call's events; see `events.observe`.
        remedies: What can be done.
        limits: The Watch's own.
        heard_until_s: The last moment at which a reply sounded.
        in_reply: Whether a reply was begun and is not over.
        longest_turn_end_s: How long the turn detector may wait for the caller to go on.
        tell: Is told of each step.
        clock: Seconds; the one of the Watch.
    """

    def __init__(
        self,
        watch: Watch,
        remedies: Remedies,
        limits: Limits,
        *,
        heard_until_s: Callable[[], float],
        in_reply: Callable[[], bool],
        longest_turn_end_s: Callable[[], float],
        tell: OnStep = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.watch = watch
        self.ladder = Ladder()
        self.taken: Counter[tuple[Trouble, Step]] = Counter()
        """Rungs since the call began."""
        self.bridges = 0
        """Recordings that asked for patience since the call began."""
        self._remedies = remedies
        self._limits = limits
        self._heard_until_s = heard_until_s
        self._in_reply = in_reply
        self._longest_turn_end_s = longest_turn_end_s
        self._tell = tell
        self._clock = clock
        self._away = False
        self._over = False
        self._bridges_in_a_row = 0
        self._speaks = False
        self._said_until_s = -math.inf
        self._step: asyncio.Task[None] | None = None
        self._bridge: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                try:
                    self.tick()
                except Exception:  # the edge of the task: a call must not end over its watch
                    logger.exception("supervision failed")
                    await asyncio.sleep(FAULT_PAUSE_S)
                await asyncio.sleep(TICK_S)
        finally:
            await self._stop()

    def away(self) -> None:
        """Nobody listens: do nothing until `back`, and let what the agent says wait."""
        self._away = True
        self._remedies.hold()

    def back(self) -> None:
        """The caller listens again, and is owed what they were owed."""
        self._away = False
        self._remedies.release()
        self.ladder.caller_spoke()
        if self.watch.owes_answer:
            self.watch.expect(self._clock())
        else:
            self.watch.forgive(self._clock())

    def wait(self, limit_s: float) -> None:
        """Leave the caller, who asked to wait, in peace for so long, or until `attend`."""
        self.watch.be_patient(self._clock() + limit_s)

    def attend(self) -> None:
        """The caller speaks with the agent again."""
        self.watch.attend(self._clock())

    def tick(self) -> None:
        """Look once, and begin what is to be done."""
        now_s = self._clock()
        if self.watch.reply_heard(self._heard_until_s(), now_s):
            self.ladder.answered()
            self._bridges_in_a_row = 0
        if self._away or self._over:
            return
        if self._is_busy(self._step):
            self._bridge_silence(now_s)
            return
        trouble = self.watch.trouble(
            now_s,
            longest_turn_end_s=self._longest_turn_end_s(),
            in_reply=self._in_reply(),
        )
        if trouble is None:
            return
        if trouble is Trouble.SILENT:
            first_s = self._limits.silence_s + self._limits.recovery_s
            if (since_s := self.watch.waiting_since_s) is not None:
                self.ladder.wait(trouble, since_s + first_s)
            self._bridge_silence(now_s)
            if self.watch.tool_runs:
                return  # what is asked for again would run twice
        step = self.ladder.next_step(trouble, now_s, at_once=trouble in _KNOWN_TO_FAIL)
        if step is not None:
            self._take(step, trouble, now_s)

    def _take(self, step: Step, trouble: Trouble, now_s: float) -> None:
        since_s = self.watch.waiting_since_s
        waited_s = None if since_s is None else round(now_s - since_s, 2)
        logger.warning(
            "call in trouble",
            extra={"trouble": trouble.value, "step": step.value, "waited_s": waited_s},
        )
        self._tell(StepTaken(trouble.value, step.value, waited_s))
        self.taken[trouble, step] += 1
        self.watch.acted()
        self._over = step in (Step.TAKE_LEAVE, Step.GIVE_UP)
        self._step = self._start(self._perform(step, trouble))

    async def _perform(self, step: Step, trouble: Trouble) -> None:
        work: Coroutine[Any, Any, bool]
        match step:
            case Step.RETRY:
                work = self._remedies.ask()
            case Step.REPLACE:
                owed = self.watch.waiting_since_s is not None and trouble is not Trouble.DEAF
                work = self._replace(answer=owed)
            case Step.ASK_AGAIN:
                work = self._ask_again()
            case Step.DROP_TOOL:
                work = self._remedies.drop_tool()
            case Step.PROMPT:
                # Music does not let itself be spoken to: it is answered, and it interrupts.
                insist = trouble is Trouble.NO_PROGRESS
                work = self._say(ClipName.STILL_THERE, insist=insist)
            case Step.TAKE_LEAVE:
                work = self._remedies.end(trouble.value, ClipName.GOODBYE)
            case Step.GIVE_UP:
                work = self._remedies.end(trouble.value, ClipName.SORRY)
        if not await work and step in (Step.RETRY, Step.REPLACE):
            self.watch.failed()

    async def _replace(self, *, answer: bool) -> bool:
        if not await self._remedies.replace():
            return False
        if not answer:
            return True
        # A realtime model takes what it had heard and not written down with it.
        return await (
            self._remedies.ask() if self._remedies.knows_question() else self._ask_again()
        )

    async def _ask_again(self) -> bool:
        await self._say(ClipName.AGAIN)
        self.watch.forgive(self._clock())
        return True

    async def _say(self, name: ClipName, *, insist: bool = False) -> bool:
        self._speaks = True
        try:
            return await self._remedies.say(name, insist=insist)
        finally:
            self._speaks = False
            self._said_until_s = self._clock()

    def _bridge_silence(self, now_s: float) -> None:
        """Ask the caller for patience when nothing has sounded for too long."""
        since_s = self.watch.waiting_since_s
        if since_s is None or self.watch.caller_speaks or self._speaks:
            return
        quiet_since_s = max(since_s, self._heard_until_s(), self._said_until_s)
        if (
            now_s - quiet_since_s >= self._limits.silence_s
            and self._bridges_in_a_row < MOST_BRIDGES
            and not self._in_reply()
        ):
            self._bridges_in_a_row += 1
            self.bridges += 1
            waited_s = round(now_s - quiet_since_s, 2)
            logger.warning("the caller waits", extra={"waited_s": waited_s})
            self._tell(StepTaken(Trouble.SILENT.value, "ask for patience", waited_s))
            self._bridge = self._start(self._bridge_over())

    async def _bridge_over(self) -> None:
        await self._say(ClipName.MOMENT)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="supervise")
        task.add_done_callback(_log_error)
        return task

    @staticmethod
    def _is_busy(task: asyncio.Task[None] | None) -> bool:
        return task is not None and not task.done()

    async def _stop(self) -> None:
        tasks = [task for task in (self._step, self._bridge) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a remedy failed", exc_info=error)


_KNOWN_TO_FAIL = frozenset({Trouble.FAILED, Trouble.LOST})
"""Troubles that a provider announces: nothing is gained by waiting."""
