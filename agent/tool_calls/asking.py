"""Putting a question to the caller, and letting a call wait for the yes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

from agent.call.caller_turns import CallerTurns
from agent.call.state import CallState
from agent.call.tool import Confirmation, Tool
from agent.errors import ToolError
from agent.tool_calls.arguments import Arguments
from agent.tool_calls.confirmation import Confirmations, Verdict
from agent.tool_calls.speaking import Asker, is_exact
from agent.tool_calls.works import Answer

QUESTION_LIMIT_S = 5.0
"""For a tool to find the words of its question; it may look something up for them."""
WORDS_LIMIT_S = 3.0
"""For the transcript of what the caller was heard to say; realtime models are late with it."""

_WAIT = (
    "Nothing was done yet: the caller has not answered. Say nothing, and do not answer for them."
)
_NOT_UNDERSTOOD = (
    "Nothing was done: the caller's answer was not understood. Ask them to say yes or no. If they"
    " say yes, call this again with the same arguments."
)
_OTHER = (
    "Nothing was done: the caller is being asked something else first. Say nothing, and call this"
    " again when that is settled."
)
_DECLINED = "Nothing was done: the caller said no. Ask what they would like instead."
_GIVEN_UP = (
    "Nothing was done: the caller was asked and did not clearly say yes. Do not ask for it again,"
    " and offer something else."
)
_ANSWERS = {
    Verdict.WAIT: Answer(_WAIT, silent=True),
    Verdict.OTHER_QUESTION: Answer(_OTHER, silent=True),
    Verdict.DECLINED: Answer(_DECLINED, failed=True),
    Verdict.GIVE_UP: Answer(_GIVEN_UP, failed=True),
}
_UNANSWERED = (Verdict.WAIT, Verdict.OTHER_QUESTION)
_NOT_ASKED = "Nothing was done: the caller could not be asked at this moment. Ask them to wait."


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks the caller of one call."""

    confirmations: Confirmations
    turns: CallerTurns

    async def agreed(
        self, tool: Tool, confirm: Confirmation, arguments: Arguments, call: CallState, by: Asker
    ) -> Arguments | Answer:
        """The arguments that the caller has agreed to, which are to be run with at once; or what
        the model is told instead.

        Raises:
            ToolError: by the tool, for what cannot be done anyway.
            Exception: whatever else its question broke with.
        """
        if self.confirmations.awaits_answer:
            await self.turns.words(limit_s=WORDS_LIMIT_S)
        verdict = self.confirmations.verdict(tool.name, arguments)
        if verdict is Verdict.RUN:
            return self.confirmations.take()
        if verdict is Verdict.ASK:
            words = await _question(confirm, arguments, call)
            return self._ask(tool, arguments, words, call, by)
        if verdict in _UNANSWERED and self.confirmations.awaits_answer and self.turns.has_begun:
            return Answer(_NOT_UNDERSTOOD, failed=True)
        return _ANSWERS[verdict]

    def _ask(
        self, tool: Tool, arguments: Arguments, words: str, call: CallState, by: Asker
    ) -> Answer:
        question = self.confirmations.asking(
            tool.name, arguments, words, exact=is_exact(call.language)
        )
        self.turns.mark()
        put = partial(self.confirmations.put, question)
        if not by.ask(words, language=call.language, heard=put):
            put("")
            return Answer(_NOT_ASKED, failed=True)
        return Answer(
            f'Nothing was done yet. The caller is being asked: "{words}" Say nothing until they'
            " answer. If they say yes, call this again with the same arguments; if they want it"
            " otherwise, with the new ones.",
            silent=True,
        )


async def _question(confirm: Confirmation, arguments: Arguments, call: CallState) -> str:
    async with asyncio.timeout(QUESTION_LIMIT_S):
        made = confirm(call, **arguments.values)
        words = await made if isinstance(made, Awaitable) else made
    if not words.strip():
        raise ToolError("Nothing was done: it is not clear what to ask the caller.")
    return " ".join(words.split())
