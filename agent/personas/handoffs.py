"""From one persona to the next within a call, and who speaks at each moment.

A handoff is a tool that returns the next agent. The tools belong to the call and not to an agent,
so they go on working when a fault has put another agent in the place of the one they were made for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent, RunContext, llm
from livekit.agents.llm import ToolError, ToolFlag, function_tool

from agent.call.caller_turns import CallerTurns
from agent.call.events import OnPersona, PersonaChange, PersonaChanged, PersonaSpoke
from agent.call.state import CallState
from agent.personas.briefing import Briefing, conversation, words_of_caller
from agent.personas.persona import HandoffTarget, Persona
from agent.personas.prompts import facts_in_words, render, uses
from agent.personas.stage import Role
from agent.settings import EndpointingProfile

logger = logging.getLogger(__name__)

_TAKEN_OVER = (
    "You have just taken over this call from {before}. Open with who you are, in a few words, and"
    " go straight on with what the caller wants. What you know already needs no question."
)
_TAKEN_BACK = (
    "The caller has been handed back to you from {before}. Do not greet again. Go straight on with"
    " what the caller wants, or see what else they need."
)
_BUSY = "A handoff is under way already. Say nothing more."
_TOO_SOON = (
    "The caller has said nothing since you took over, so this is yours. Help them, or ask them one"
    " question."
)
_TOO_MANY = (
    "There have been too many handoffs in this call. Help the caller yourself, or say what you"
    " cannot do and offer to take a message."
)
_TOO_LATE = "The caller broke in. Listen to what they want first."

_CONCERN = {
    "type": "object",
    "properties": {
        "concern": {
            "type": "string",
            "description": "What the caller wants, in a sentence, for whoever takes over.",
        }
    },
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Staging:
    """What a call gives its personas."""

    make_agent: Callable[[Role], Agent]
    """Makes the agent that plays a role, in its voice and in the pipeline in use."""
    variables: Callable[[], Mapping[str, str]]
    """The values of a prompt's variables, but for `facts`."""
    collecting: Callable[[Persona], tuple[llm.Tool, ...]] = lambda persona: ()
    """The collection tools that a persona asks for."""
    settle: Callable[[EndpointingProfile | None], None] = lambda profile: None
    """Makes a profile the one that holds while this persona speaks."""
    tell: OnPersona = lambda event: None
    max_handoffs: int = 8
    """In one call; after that each persona keeps the caller."""


@dataclass(frozen=True, slots=True)
class _Move:
    """To a persona, and by whose hands the caller came to it, the last one last."""

    to: Persona
    through: tuple[str, ...]
    reason: PersonaChange
    concern: str = ""


class Handoffs:
    """The personas of one call.

    Args:
        personas: All there are, by name.
        first: Who answers the call.
        state: The call's.
        turns: The caller's.
        staging: What the personas get from the call.
    """

    def __init__(
        self,
        personas: Mapping[str, Persona],
        first: Persona,
        state: CallState,
        turns: CallerTurns,
        staging: Staging,
    ) -> None:
        self._personas = personas
        self._state = state
        self._staging = staging
        self.current = first
        """Who speaks."""
        self._made = 0
        self._turns = turns
        self._answered = -1
        self._moving: object = None

    def first_agent(self) -> Agent:
        """The agent that answers the call. It says nothing by itself."""
        return self._agent(_Move(self.current, (), "call began"), None)

    def watch(self, session: AgentSession[Any]) -> None:
        """Learn from this session who says what."""
        session.on("conversation_item_added", self._on_item)

    # The tools

    def _tools_of(self, move: _Move) -> Iterator[llm.Tool]:
        for target in move.to.handoffs:
            if target.to in self._personas:
                yield self._transfer(target, move)
        if move.to.hands_back and move.through:
            yield self._hand_back(move)
        yield from self._staging.collecting(move.to)

    def _transfer(self, target: HandoffTarget, move: _Move) -> llm.Tool:
        persona = self._personas[target.to]
        through = (*move.through, move.to.name)
        if target.to in through:  # back where the caller has been
            through = through[: through.index(target.to)]
        return self._tool(
            f"transfer_to_{target.to}",
            f"Hand the caller over to {persona.title}. {target.when}",
            lambda concern: _Move(persona, through, "handed over", concern),
        )

    def _hand_back(self, move: _Move) -> llm.Tool:
        persona = self._personas[move.through[-1]]
        return self._tool(
            "hand_back",
            f"Hand the caller back to {persona.title}, once you have helped them or when they want"
            " something that is not your part.",
            lambda concern: _Move(persona, move.through[:-1], "handed back", concern),
        )

    def _tool(self, name: str, description: str, move: Callable[[str], _Move]) -> llm.Tool:
        async def hand_over(raw_arguments: dict[str, object], context: RunContext[Any]) -> Agent:
            concern = raw_arguments.get("concern")
            return await self._go(move(concern if isinstance(concern, str) else ""), context)

        return function_tool(
            hand_over,
            raw_schema={"name": name, "description": description, "parameters": _CONCERN},
            # Who has just taken over has not been asked for anything else yet.
            flags=ToolFlag.IGNORE_ON_ENTER,
        )

    async def _go(self, move: _Move, context: RunContext[Any]) -> Agent:
        self._admit(context)
        self._moving = context.speech_handle
        try:
            # The framework drops a handoff that is interrupted.
            context.disallow_interruptions()
        except RuntimeError:
            raise ToolError(_TOO_LATE) from None
        await words_of_caller(context.session)
        return self._agent(move, self._briefing(move, context.session))

    def _admit(self, context: RunContext[Any]) -> None:
        """Raises ToolError where this handoff would be one of a loop."""
        if self._moving is context.speech_handle:
            raise ToolError(_BUSY)
        if self._made >= self._staging.max_handoffs:
            raise ToolError(_TOO_MANY)
        if self._turns.sounds == self._answered:
            raise ToolError(_TOO_SOON)

    # The next agent

    def _briefing(self, move: _Move, session: AgentSession[Any]) -> Briefing:
        return Briefing(
            before=self.current.title,
            conversation=conversation(session),
            concern=move.concern,
            facts=None if uses(move.to.prompt, "facts") else self._state.facts,
        )

    def _agent(self, move: _Move, briefing: Briefing | None) -> Agent:
        values = {**self._staging.variables(), "facts": facts_in_words(self._state.facts)}
        instructions = render(move.to.prompt, values)
        role = Role(
            persona=move.to,
            instructions=f"{instructions}\n\n{briefing.note()}" if briefing else instructions,
            tools=tuple(self._tools_of(move)),
            chat_ctx=briefing.context() if briefing else llm.ChatContext.empty(),
            enter=partial(self._enter, move, self.current if briefing else None),
        )
        return self._staging.make_agent(role)

    async def _enter(self, move: _Move, before: Persona | None, session: AgentSession[Any]) -> None:
        self.current, self._moving = move.to, None
        self._staging.settle(move.to.endpointing)
        event = PersonaChanged(before.name if before else None, move.to.name, move.reason)
        self._staging.tell(event)
        logger.info("a persona speaks", extra={"persona": event.now, "reason": event.reason})
        if before is not None:
            self._made += 1
            self._answered = self._turns.sounds
            await self._speak(move.to.language)
            opening = _TAKEN_BACK if move.reason == "handed back" else _TAKEN_OVER
            session.generate_reply(instructions=opening.format(before=before.title))

    async def _speak(self, language: str | None) -> None:
        if language is not None and language != self._state.language:
            self._state.language = language
            await self._state.control.switch_language(language)

    # Who says what

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            self._staging.tell(PersonaSpoke(self.current.name, item.id))
