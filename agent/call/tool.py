"""A function tool as data, made from an ordinary typed function. No framework is imported here:
`agent.tool_calls` makes the framework's own form of it, and runs it safely.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from docstring_parser import parse_from_object
from pydantic import BaseModel, ConfigDict, Field, create_model

from agent.call.state import CallState

Access = Literal["anyone", "verified", "staff"]
"""Who may call a tool: anyone on the line, a caller whose identity was verified in this call, or
one whom the operator's signed metadata names as staff.
"""
Cost = Literal["free", "metered", "dear"]
"""What a call of it costs the operator; the loop breaker allows fewer of what costs more."""

Confirmation = Callable[..., str | Awaitable[str]]
"""The question that a caller must say yes to. It is called as the tool's function is, with the
CallState and then the typed arguments, and may raise ToolError for what cannot be done anyway.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPolicy:
    """What must hold when a tool is called, whatever the model says."""

    changes: bool = False
    """Whether it has an effect outside the call, which must then happen once for one request."""
    timeout_s: float = 10.0
    interruptible: bool = True
    """Whether a caller who talks on may cut off what the agent says around it."""
    confirm: Confirmation | None = None
    """None for a tool that needs no yes."""
    approval: bool = False
    """Whether a person on the operator's side has to allow each call of it."""
    access: Access = "anyone"
    cost: Cost = "free"
    background: bool = False
    """Whether the conversation goes on meanwhile, and the result is announced when it is there."""
    acknowledgement: str = ""
    """Said at once where the tool is known to take a while; empty for a tool that is quick."""
    outside: bool = False
    """Whether what it answers was written elsewhere, as in a document or another system; the model
    is then told that it is data.
    """
    room: bool = False
    """Whether it acts on the line of a room; a call without one has no such tool."""
    private: frozenset[str] = frozenset()
    """Arguments whose values stay out of what an operator is shown."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may call. `parameters` is a JSON schema; `run` gets arguments that fit it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[CallState, Mapping[str, Any]], Awaitable[str]] = field(repr=False)
    policy: ToolPolicy = ToolPolicy()
    arguments: type[BaseModel] | None = field(default=None, repr=False)
    """Types the arguments on their way in; None where only the JSON schema is known."""
    blocking: bool = False
    """Whether `run` was made from a plain function, which runs in a thread."""


def tool(**policy: Any) -> Callable[[Callable[..., Any]], Tool]:
    """Declare a function a tool. Its first parameter is the CallState, the others are the model's
    arguments; the docstring tells the model what it does, and its `Args:` what each one means.
    It returns words for the model to say, or an empty string when nothing is to be said, and raises
    ToolError with a sentence for the model.

    Args:
        **policy: See ToolPolicy.
    """

    def declare(function: Callable[..., Any]) -> Tool:
        arguments = _arguments_of(function)
        docstring = parse_from_object(function)
        blocking = not inspect.iscoroutinefunction(function)

        async def run(call: CallState, given: Mapping[str, Any]) -> str:
            if blocking:
                import asyncio

                return str(await asyncio.to_thread(function, call, **given))
            return str(await function(call, **given))

        return Tool(
            name=function.__name__,
            description=docstring.description or "",
            parameters=_schema_of(arguments),
            run=run,
            policy=ToolPolicy(**policy),
            arguments=arguments,
            blocking=blocking,
        )

    return declare


def _arguments_of(function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    told = {p.arg_name: p.description or "" for p in parse_from_object(function).params}
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], Field(default, description=told.get(name) or None))
    config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)
    return create_model(function.__name__, __config__=config, **fields)


def _schema_of(arguments: type[BaseModel]) -> dict[str, Any]:
    schema = arguments.model_json_schema()
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
    return schema
