"""The entry: declared tools in, the framework's tools out, and every call of one checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from livekit.agents import AgentSession, RunContext, function_tool, llm

from agent.answers import Answers, load_answers
from agent.call.caller_turns import CallerTurns
from agent.call.cards import Card, watching
from agent.call.events import OnTool, ToolEvent, ToolFinished, ToolStarted
from agent.call.ledger import Ledger
from agent.call.state import CallState
from agent.call.tool import Tool
from agent.errors import CallerError, ToolError
from agent.settings import ToolCallSettings
from agent.tool_calls import access, outputs
from agent.tool_calls.announcements import Announcement, Announcements
from agent.tool_calls.approval import Approver, approve
from agent.tool_calls.arguments import Arguments, canonical, fit
from agent.tool_calls.asking import Asking
from agent.tool_calls.budget import CallBudget, Limits
from agent.tool_calls.confirmation import Confirmations
from agent.tool_calls.occasion import Occasion, RoomOccasion
from agent.tool_calls.perform import BROKE, Effects, Ending, log_fault, look_up
from agent.tool_calls.requests import Requests
from agent.tool_calls.speaking import SessionSpeaker
from agent.tool_calls.works import Answer, Work, Works

Veto = Callable[[Tool], Awaitable[str | None]]
"""A sentence for the model if a tool must not be called at this moment, else None. What it waits
for is bounded.
"""

CLOSE_LIMIT_S = 3.0
"""For effects that have begun when the call ends."""
LATE_MARGIN_S = 1.0
"""A tool without effects ends by itself at its timeout; its call waits this much longer for it."""

_STARTED = (
    "It was started and goes on by itself. Tell the caller in a few words that it takes a while and"
    " that they can go on talking. Its answer comes by itself: do not call this again, and do not"
    " guess the answer."
)
_CONTINUES = (
    "It is still running, and its answer comes by itself. Do not call this again, and do not guess"
    " the answer."
)
_ONCE = " This had been done before, and was not done again."


class ToolCalls:
    """The tool calls of one call, whichever agent and whichever pipeline they come from.

    Args:
        state: The call, as tools see it.
        ledger: Where effects are claimed.
        settings: Limits.
        turns: The caller's.
        approver: Who asks an operator; without one, what needs approval is refused.
        veto: Is asked before every call that may be made otherwise.
        on_event: Is told what tools do.
    """

    def __init__(
        self,
        state: CallState,
        ledger: Ledger,
        settings: ToolCallSettings,
        turns: CallerTurns,
        *,
        approver: Approver | None = None,
        veto: Veto | None = None,
        on_event: OnTool | None = None,
    ) -> None:
        self._state = state
        self._effects = Effects(ledger, state)
        self._settings = settings
        self._approver = approver
        self._speaker: SessionSpeaker | None = None
        self._veto = veto
        self._on_event = on_event
        self._budget = CallBudget(Limits(settings.per_turn, settings.per_call))
        self._requests = Requests()
        self._asking = Asking(Confirmations(self._answers), turns)
        turns.on_turn(self._caller_spoke)
        self._works = Works(self._announce)
        self._announcements = Announcements(lambda: self._works.awaited)
        self._one_decision = asyncio.Lock()
        self._made: dict[str, tuple[Tool, llm.Tool]] = {}

    def watch(self, session: AgentSession[CallState]) -> None:
        """Serve this session: speak to its caller, and tell late answers in it."""
        self._announcements.watch(session)
        self._speaker = SessionSpeaker(session)

    def livekit_tools(self, tools: Iterable[Tool]) -> list[llm.Tool]:
        """The framework's form of declared tools, in their order; the same one for the same tool
        each time.
        """
        return [self._livekit_tool(tool) for tool in tools]

    async def aclose(self) -> None:
        """Tell nothing more, and let effects that have begun come to their end, within a bound."""
        await self._announcements.aclose()
        await self._works.settle(CLOSE_LIMIT_S)

    # What the framework calls

    def _livekit_tool(self, tool: Tool) -> llm.Tool:
        declared, made = self._made.get(tool.name, (None, None))
        if made is not None and declared is tool:
            return made

        async def called(
            raw_arguments: dict[str, Any], ctx: RunContext[CallState]
        ) -> llm.ToolResult:
            speaker = self._speaker or SessionSpeaker(ctx.session)
            answer = await self.answer(tool, raw_arguments, RoomOccasion(ctx, speaker))
            if answer.failed:
                raise llm.ToolError(answer.text)
            return llm.ToolResult(answer.text, reply_required=not answer.silent)

        schema = {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        }
        new = function_tool(called, raw_schema=schema)
        self._made[tool.name] = (tool, new)
        return new

    async def answer(self, tool: Tool, given: Mapping[str, Any], occasion: Occasion) -> Answer:
        """What a model that has called this tool with these arguments is told. Never raises."""
        began_s = time.monotonic()
        try:
            await self._check(tool, given)
            work = await self._decide(tool, fit(tool, given), occasion)
        except (ToolError, CallerError) as refusal:
            work = Answer(str(refusal), failed=True)
        except Exception as error:  # noqa: BLE001 - whatever a tool does, the call goes on
            log_fault(error, tool, self._state)
            work = Answer(BROKE, failed=True)
        if isinstance(work, Answer):
            took_s = time.monotonic() - began_s
            self._tell(ToolFinished(tool.name, "refused", took_s, dict(given), work.text))
            return work
        return await self._bring(work, occasion)

    async def _check(self, tool: Tool, given: Mapping[str, Any]) -> None:
        refusal = self._budget.refusal(
            tool.name, canonical(given), tool.policy.cost
        ) or access.refusal(tool.policy.access, self._state.caller)
        if not refusal and self._veto is not None:
            refusal = await self._veto(tool)
        if refusal:
            raise ToolError(refusal)

    async def _decide(self, tool: Tool, arguments: Arguments, occasion: Occasion) -> Work | Answer:
        """The run that a call stands for: the one under way, or a new one, if that may be."""
        if not tool.policy.changes and tool.policy.confirm is None:
            key = f"{tool.name} {arguments.canonical}"
            return self._works.running(key) or self._start(tool, arguments, key, occasion)
        async with self._one_decision:  # of two calls at once, the second sees what the first did
            key = self._requests.key(tool.name, arguments)
            if (running := self._works.running(key)) is not None:
                return running
            confirm = tool.policy.confirm
            again = self._requests.is_repeated(tool.name, arguments, confirmed=confirm is not None)
            if confirm is not None and not again:
                by = occasion.asker
                agreed = await self._asking.agreed(tool, confirm, arguments, self._state, by)
                if isinstance(agreed, Answer):
                    return agreed
                arguments = agreed
            key = self._requests.key(tool.name, arguments)
            return self._start(tool, arguments, key, occasion, again=again)

    def _start(
        self,
        tool: Tool,
        arguments: Arguments,
        key: str,
        occasion: Occasion,
        *,
        again: bool = False,
    ) -> Work:
        if not tool.policy.interruptible:
            occasion.keep_floor()
        run = self._run(tool, arguments, key, again=again)
        return self._works.start(tool, key, occasion.call_id, run)

    # What runs, whether or not a call waits for it

    async def _run(self, tool: Tool, arguments: Arguments, key: str, *, again: bool) -> Answer:
        began_s = time.monotonic()
        ending, card = None, None
        if tool.policy.approval and not again:
            ending = await approve(
                self._approver, tool, arguments.values, limit_s=self._settings.approval_s
            )
        if ending is None:
            given = arguments.values
            self._tell(ToolStarted(tool.name, tuple(given), dict(given)))
            with watching() as shown:
                ending = await self._perform(tool, arguments, key, again=again)
            card = _card(shown, ending)
        took_s, answer = time.monotonic() - began_s, self._in_words(tool, ending, again=again)
        given = dict(arguments.values)
        self._tell(ToolFinished(tool.name, ending.outcome, took_s, given, answer.text, card))
        return answer

    async def _perform(self, tool: Tool, arguments: Arguments, key: str, *, again: bool) -> Ending:
        if not tool.policy.changes:
            return await look_up(tool, arguments, self._state)
        ending = await self._effects.bring_about(tool, arguments, key)
        if ending.outcome in ("done", "unknown") and not again:
            certain = ending.outcome == "done"
            self._requests.done(tool.name, arguments, certain=certain)
        return ending

    def _in_words(self, tool: Tool, ending: Ending, *, again: bool) -> Answer:
        most = self._settings.answer_characters
        if ending.outcome != "done":
            return Answer(outputs.readable(ending.text, most_characters=most), failed=True)
        if not ending.text.strip():
            return Answer("", silent=True)
        text = outputs.present(tool, ending.text, most_characters=most)
        return Answer(text + _ONCE if again else text)

    # How an answer reaches the model

    async def _bring(self, work: Work, occasion: Occasion) -> Answer:
        """The answer of a run, or the promise of it."""
        tool, language = work.tool, self._state.language
        if tool.policy.background and not occasion.patient:
            first, work.promised = not work.promised, True
            if not first:
                return Answer(_CONTINUES)
            told = occasion.acknowledge(tool, language=language)
            return Answer(_CONTINUES, silent=True) if told else Answer(_STARTED)
        work.waiters += 1
        try:
            async with occasion.company(tool, language=language):
                await occasion.until(work.task, _patience_s(tool))
        except asyncio.CancelledError:
            if not tool.policy.changes and work.waiters == 1:
                work.task.cancel()
            raise
        finally:
            work.waiters -= 1
        if work.task.done() and not work.task.cancelled():
            self._announcements.withdraw(work.key)
            return work.task.result()
        work.promised = True
        return Answer(_CONTINUES)

    def _announce(self, work: Work, answer: Answer) -> None:
        if not answer.silent:
            self._announcements.owe(
                Announcement(work.key, work.call_id, work.tool.name, answer.text, answer.failed)
            )

    # What the call tells

    def _caller_spoke(self, words: str) -> None:
        self._budget.caller_spoke()
        self._requests.caller_spoke()
        self._asking.confirmations.caller_said(words)

    def _answers(self) -> Answers:
        return load_answers(self._state.language, self._settings.answers_folder)

    def _tell(self, event: ToolEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)


def _card(shown: list[Card], ending: Ending) -> Card | None:
    return shown[0] if shown and ending.outcome == "done" else None


def _patience_s(tool: Tool) -> float:
    """How long a call waits for its answer, unless it is patient."""
    lasts_on = tool.policy.changes or tool.policy.approval
    return tool.policy.timeout_s if lasts_on else tool.policy.timeout_s + LATE_MARGIN_S
