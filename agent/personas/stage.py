"""An agent that plays a persona: who it is, and what happens when it takes the floor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import Agent, AgentSession, llm

from agent.personas.persona import Persona

Enter = Callable[[AgentSession[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A persona's part in a call, from when it takes the floor until it hands over."""

    persona: Persona
    instructions: str
    tools: tuple[llm.Tool, ...]
    """Those by which it hands over and collects; the catalogue's come to them."""
    chat_ctx: llm.ChatContext
    enter: Enter = field(repr=False)
    """Called when it takes the floor; it may ask the session for a reply."""


class PersonaAgent(Agent):
    """Plays a role. What else an agent of the call must do is another base's, before this one."""

    def __init__(self, *, role: Role, **options: Any) -> None:
        super().__init__(
            id=role.persona.name,
            instructions=role.instructions,
            chat_ctx=role.chat_ctx,
            **options,
        )
        self._role = role

    async def on_enter(self) -> None:
        """See Agent."""
        await self._role.enter(self.session)
