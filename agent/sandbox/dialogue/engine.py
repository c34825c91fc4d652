"""The next reply in a conversation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent.sandbox.dialogue import dates
from agent.sandbox.dialogue.conversation import Conversation, read
from agent.sandbox.dialogue.directives import GOODBYE, obey
from agent.sandbox.dialogue.matching import MAX_TOOLS, Matcher
from agent.sandbox.dialogue.messages import Message, Reply, Tool, ToolCall, ToolChoice
from agent.sandbox.dialogue.phrasing import question, result_in_words
from agent.sandbox.dialogue.slots import Slot
from agent.sandbox.dialogue.smalltalk import Scene, arithmetic, farewell, open_talk, small_talk
from agent.sandbox.dialogue.topics import Intent, forced_call, intent_of

PROMPT = "Is there anything else I can do for you?"
"""Said where a reply is wanted though nobody has spoken since the last."""


def respond(
    messages: Sequence[Message],
    tools: Sequence[Tool] = (),
    *,
    instructions: str = "",
    tool_choice: ToolChoice | None = None,
    parallel_tool_calls: bool = True,
    now: datetime | None = None,
) -> Reply:
    """The next reply in a conversation.

    Args:
        messages: The conversation so far, oldest first.
        tools: Functions on offer.
        instructions: Instructions for this one reply (realtime's `response.create.instructions`).
        tool_choice: As in OpenAI's API; None means auto.
        parallel_tool_calls: Whether more than one call may be made at once.
        now: The moment against which "tomorrow" is read; default is the present, UTC.
    """
    now = now or datetime.now(UTC)
    choice = tool_choice or ToolChoice()
    offered = list(tools[:MAX_TOOLS])
    named = [tool for tool in tools if choice.name is not None and tool.name == choice.name]
    conversation = read(messages, instructions)
    if named or (choice.mode == "required" and offered):
        forced = named or offered
        tool, arguments = forced_call(conversation, Matcher(forced, now), forced, now)
        return Reply(tool_calls=(_call(tool, arguments),))
    if choice.mode == "none":
        offered = []
    return _Responder(conversation, offered, parallel_tool_calls, now).reply()


def warm() -> None:
    """Load what the first replies would wait for, about 0.3 s; best before the first call and off
    the event loop.
    """
    now = datetime.now(UTC)
    dates.warm(now)
    respond([Message("user", "hello, whether tomorrow")], [Tool("get_weather")], now=now)


class _Responder:
    """One reply, when no call is forced."""

    def __init__(
        self, conversation: Conversation, tools: list[Tool], parallel: bool, now: datetime
    ) -> None:
        self._conversation = conversation
        self._tools = tools
        self._parallel = parallel
        self._now = now
        self._scene = Scene(conversation, tools)

    def reply(self) -> Reply:
        conversation = self._conversation
        wanted = self._instructed()
        if wanted:
            return Reply(wanted)
        if conversation.has_new_result:
            return self._next_call() or Reply(self._results())
        if conversation.now_saying:
            return self._answer() if conversation.has_new_user_text else Reply(PROMPT)
        return Reply(self._scene.greeting())

    def _instructed(self) -> str:
        conversation = self._conversation
        wishes = conversation.instructions
        if not wishes:
            return ""
        said = obey(wishes, greeting=self._scene.greeting(), last_reply=conversation.last_reply())
        return said or ("" if conversation.has_new_user_text else small_talk(wishes, self._scene))

    def _answer(self) -> Reply:
        text = self._conversation.now_saying
        intent = self._intent()
        if intent.cancelled:
            return Reply("All right, never mind.")
        if intent.calls:
            calls = intent.calls if self._parallel else intent.calls[:1]
            return Reply(tool_calls=tuple(_call(tool, arguments) for tool, arguments in calls))
        # "seventeen times three" names a tool for the time, but is no request for it.
        total = arithmetic(text)
        if intent.ask and not total:
            return Reply(self._question(intent, intent.ask))
        said = total or small_talk(text, self._scene) or farewell(text)
        return Reply(said or open_talk(text, self._scene))

    def _intent(self) -> Intent:
        if not self._tools:
            return Intent()
        return intent_of(self._conversation, Matcher(self._tools, self._now), self._now)

    def _question(self, intent: Intent, slot: Slot) -> str:
        asked = question(slot)
        if intent.aside:
            aside = small_talk(self._conversation.now_saying, self._scene)
            return aside if asked in aside else f"{aside} {asked}"
        return f"Sorry, I did not get that. {asked}" if intent.misheard else asked

    def _next_call(self) -> Reply | None:
        """The call that is left of several which the user asked for at once."""
        turn = self._conversation.turns[-1]
        planned = list(self._intent().calls)
        made = [(call.name, call.arguments) for call in turn.calls]
        left = [(tool, args) for tool, args in planned if (tool.name, args) not in made]
        if not left or not made or len(made) + len(left) != len(planned):
            return None
        calls = left if self._parallel else left[:1]
        return Reply(tool_calls=tuple(_call(tool, arguments) for tool, arguments in calls))

    def _results(self) -> str:
        turn = self._conversation.turns[-1]
        if all(not result.text.strip() for result in turn.results) and farewell(turn.user or ""):
            return GOODBYE
        spoken = dict.fromkeys(result_in_words(result.text) for result in turn.results)
        return " ".join(spoken).strip() or "Done."


def _call(tool: Tool, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(tool.name, arguments, call_id=f"call_{secrets.token_hex(12)}")
