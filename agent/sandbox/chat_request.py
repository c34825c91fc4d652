"""What `POST /v1/chat/completions` accepts, and how the dialogue sees it.

OpenAI's own parameter types describe the request but do not check it: they hold iterables, which
pydantic validates only when read. The models here have the same fields.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from agent.sandbox.dialogue import Message, Tool, ToolCall, ToolChoice
from agent.sandbox.errors import invalid, invalid_fields

_KNOWN = frozenset(CompletionCreateParamsStreaming.__annotations__)
_REFUSED = {
    "functions": "use `tools`",
    "function_call": "use `tool_choice`",
    "audio": "the sandbox answers in text; for voice there are /v1/audio/speech and /v1/realtime",
    "web_search_options": "the sandbox is offline",
}
_PART_TYPES = ("text", "refusal", "image_url", "input_audio", "file")


def _text_of(content: object) -> object:
    """Content parts as one text. What is not text is passed over: the sandbox sees no pictures."""
    if not isinstance(content, list):
        return content
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in _PART_TYPES:
            raise ValueError(f"each part needs a type of {', '.join(_PART_TYPES)}")
        text = part.get(part["type"]) if part["type"] in ("text", "refusal") else ""
        if not isinstance(text, str):
            raise ValueError("the text of a part must be a string")  # noqa: TRY004 - pydantic's way
        texts.append(text)
    return "\n".join(text for text in texts if text)


def _as_list(stop: object) -> object:
    return [] if stop is None else [stop] if isinstance(stop, str) else stop


class CalledFunction(BaseModel):
    """The function of an earlier call."""

    name: str
    arguments: str

    def parsed(self) -> dict[str, Any]:
        """The arguments, or none where they are not a JSON object."""
        try:
            arguments = from_json(self.arguments)
        except ValueError:
            return {}
        return arguments if isinstance(arguments, dict) else {}


class EarlierCall(BaseModel):
    """A tool call in an assistant's message."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class ChatMessage(BaseModel):
    """One message of any role."""

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: Annotated[str | None, BeforeValidator(_text_of)] = None
    tool_calls: list[EarlierCall] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError("it has no content")
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("a tool's message needs a tool_call_id")
        return self

    def for_dialogue(self) -> Message:
        """The message as the dialogue takes it."""
        return Message(
            role="system" if self.role == "developer" else self.role,
            text=self.content or "",
            tool_calls=tuple(
                ToolCall(call.function.name, call.function.parsed(), call.id)
                for call in self.tool_calls or ()
            ),
            call_id=self.tool_call_id,
        )


class OfferedFunction(BaseModel):
    """A function on offer."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class OfferedTool(BaseModel):
    """A tool on offer. The sandbox knows functions alone, not custom tools."""

    type: Literal["function"]
    function: OfferedFunction

    def for_dialogue(self) -> Tool:
        """The tool as the dialogue takes it."""
        offered = self.function
        return Tool(offered.name, offered.description or "", offered.parameters or {})


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool = False


class ResponseFormat(BaseModel):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"] = "text"


class ChatRequest(BaseModel):
    """The fields the sandbox heeds; the others of OpenAI's request are taken and ignored."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[OfferedTool] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Annotated[list[str], BeforeValidator(_as_list), Field(max_length=4)] = []
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    response_format: ResponseFormat | None = None

    @property
    def most_tokens(self) -> int | None:
        """The limit on the answer's length."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def last_user_text(self) -> str:
        """What the user said last."""
        said = (
            message.content or "" for message in reversed(self.messages) if message.role == "user"
        )
        return next(said, "")


def read_request(body: dict[str, Any]) -> ChatRequest:
    """The request, checked. Raises ApiError."""
    for name, value in body.items():
        if name not in _KNOWN:
            raise invalid(
                f"Unrecognized request argument supplied: {name}",
                param=name,
                code="unknown_parameter",
            )
        if name in _REFUSED and value is not None:
            raise invalid(f"'{name}' is not supported: {_REFUSED[name]}.", param=name)
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as fault:
        raise invalid_fields(fault) from fault
    if request.stream_options is not None and not request.stream:
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    _check_order(request.messages)
    return request


def _check_order(messages: Sequence[ChatMessage]) -> None:
    """Every call is answered by the messages right behind it, and nothing else is answered."""
    waiting: set[str] = set()
    for place, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise invalid(
                    "messages with role 'tool' must be a response to a preceding message "
                    "with 'tool_calls'.",
                    param=f"messages[{place}].role",
                )
            waiting.discard(message.tool_call_id or "")
        elif waiting:
            break
        waiting |= {call.id for call in message.tool_calls or ()}
    if waiting:
        raise invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. Without response: {', '.join(sorted(waiting))}",
            param="messages",
        )


def offered(request: ChatRequest) -> tuple[list[Tool], ToolChoice]:
    """The tools that may be called and how they are to be chosen. Raises ApiError."""
    tools = [tool.for_dialogue() for tool in request.tools or ()]
    choice = request.tool_choice
    if choice is None:
        return tools, ToolChoice()
    if not tools:
        raise invalid(
            "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice"
        )
    match choice:
        case "auto" | "none" | "required":
            return tools, ToolChoice(mode=choice)
        case {"type": "function", "function": {"name": str(name)}}:
            _check_offered([name], tools)
            return tools, ToolChoice(mode="required", name=name)
        case {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto" | "required" as mode, "tools": list(allowed)},
        }:
            names = [_allowed_name(tool) for tool in allowed]
            _check_offered(names, tools)
            return [tool for tool in tools if tool.name in names], ToolChoice(mode=mode)
    raise invalid(
        "Invalid value for 'tool_choice': it is 'auto', 'none', 'required' or a function.",
        param="tool_choice",
    )


def _allowed_name(tool: object) -> str:
    match tool:
        case {"type": "function", "function": {"name": str(name)}}:
            return name
    raise invalid("Each allowed tool names a function.", param="tool_choice.allowed_tools")


def _check_offered(names: Sequence[str], tools: Sequence[Tool]) -> None:
    missing = [name for name in names if name not in {tool.name for tool in tools}]
    if missing:
        raise invalid(
            f"Tool choice {json.dumps(missing[0])} is not among the tools.", param="tool_choice"
        )
