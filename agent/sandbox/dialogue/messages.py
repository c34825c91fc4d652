"""What goes into the dialogue and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function on offer; `parameters` is its JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A decision to call a function; `arguments` is JSON-serialisable."""

    name: str
    arguments: dict[str, Any]
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation. A tool's result has role `tool`, its output in `text`, and the
    `call_id` of the call it answers.
    """

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """OpenAI's tool_choice: `mode` auto, none or required; `name` forces that one function."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant does next: says `text`, or calls tools, or both."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
