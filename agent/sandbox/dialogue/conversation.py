"""The conversation so far, as the dialogue reads it: turns, what the system asked, what is open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.sandbox.dialogue.messages import Message, ToolCall
from agent.sandbox.dialogue.words import clean

MAX_MESSAGES = 80
MAX_SYSTEM_CHARS = 8000

_NAME_GIVEN = re.compile(
    r"\b(?:[Yy]ou are|[Yy]our name is|[Yy]ou're)(?: called| named)? "
    r"(?!(?:A|An|The|AI|I|In|On|It|Your)\b)([A-Z][\w-]*(?: [A-Z][\w-]+)?)"
)


@dataclass(slots=True)
class Turn:
    """What the user said, and all that followed until the user spoke again."""

    user: str | None
    replies: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    results: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages cut into turns. `turns` is never empty; the first may have no user."""

    turns: tuple[Turn, ...]
    system: str = ""
    instructions: str = ""
    """What the system wants of this one reply; not the persona."""
    has_new_result: bool = False
    """Whether a tool has answered and nobody has spoken since."""
    has_new_user_text: bool = False

    @property
    def now_saying(self) -> str:
        """The user's last words."""
        return self.turns[-1].user or ""

    @property
    def agent_name(self) -> str:
        """The name that the system prompt gives, or empty."""
        found = _NAME_GIVEN.search(self.system)
        return found[1] if found else ""

    def user_texts(self) -> Iterator[str]:
        """What the user said before the last words, newest first."""
        return (turn.user for turn in reversed(self.turns[:-1]) if turn.user)

    def last_reply(self) -> str:
        """What the assistant said last, or empty."""
        return next((r for turn in reversed(self.turns) for r in reversed(turn.replies) if r), "")


def read(messages: Sequence[Message], instructions: str) -> Conversation:
    """The conversation in `messages`. System messages at the end are instructions for this reply,
    as some frameworks send them, unless one is the only message: that is a persona. Instructions
    that repeat the persona first, as others do, are taken without it.
    """
    recent = list(messages)
    asked: list[str] = []
    while recent and recent[-1].role == "system" and len(recent) > 1:
        asked.insert(0, recent.pop().text[:MAX_SYSTEM_CHARS])
    personas = [m.text[:MAX_SYSTEM_CHARS] for m in recent if m.role == "system"]
    system = "\n".join(personas)
    for persona in [system, *personas]:
        instructions = instructions.strip().removeprefix(persona.strip())
    asked.append(instructions.strip()[:MAX_SYSTEM_CHARS])
    spoken = [m for m in recent[-MAX_MESSAGES:] if m.role != "system"]
    last = spoken[-1].role if spoken else None
    return Conversation(
        turns=tuple(_turns(spoken)),
        system=system,
        instructions="\n".join(filter(None, asked)),
        has_new_result=last == "tool",
        has_new_user_text=last == "user",
    )


def _turns(messages: Sequence[Message]) -> list[Turn]:
    turns = [Turn(user=None)]
    for message in messages:
        if message.role == "user":
            turns.append(Turn(user=clean(message.text)))
        elif message.role == "tool":
            turns[-1].results.append(message)
        else:
            turns[-1].calls.extend(message.tool_calls)
            turns[-1].replies.extend(filter(None, [clean(message.text, 4000)]))
    return turns
