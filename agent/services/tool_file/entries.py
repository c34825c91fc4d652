"""What stands in the operator's file of tools, entry by entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from agent.call.tool import Access, Cost
from agent.services.tool_file.egress import AllowList
from agent.services.tool_file.templates import CALL_VALUES, blanks_of

ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
            raise ValueError(f"{name!r} is no header")
    return headers


def _check_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    AllowList.of(hosts)
    return hosts


Headers = Annotated[dict[str, str], AfterValidator(_check_headers)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PolicyEntry(_Entry):
    """What must hold when a tool is called; see ToolPolicy."""

    changes: bool = False
    timeout_s: float = Field(10.0, gt=0, le=120)
    interruptible: bool = True
    confirm: str = Field("", max_length=300)
    """The question, with `{name}` for an argument; empty for a tool that needs no yes."""
    approval: bool = False
    access: Access = "anyone"
    cost: Cost = "metered"
    background: bool = False
    acknowledgement: str = Field("", max_length=200)


class HttpEntry(PolicyEntry):
    """An HTTP endpoint. Arguments that are not in its address go into the query of a GET or DELETE,
    and into the JSON body of anything else.
    """

    name: ToolName
    description: str = Field(min_length=1, max_length=2_000)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str = Field(max_length=2_000)
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """A JSON schema of the arguments."""
    from_call: dict[str, str] = {}
    """Arguments that the call gives and the model never sees, such as `caller.customer`."""
    headers: Headers = {}
    idempotent: bool | None = None
    """Whether it may be asked again after a fault; None for what the method says."""
    answer: str = Field("", pattern=r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?$")
    """Where in a JSON answer the words are, such as `result.0.text`; empty for all of it."""

    @property
    def may_be_repeated(self) -> bool:
        """Whether asking twice is as good as asking once."""
        return self.method == "GET" if self.idempotent is None else self.idempotent

    @property
    def argument_names(self) -> frozenset[str]:
        """What the model gives."""
        return frozenset(self.parameters.get("properties", {}))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _check_schema(self.parameters)
        known = self.argument_names | CALL_VALUES
        for blank in sorted(blanks_of(self.url) | blanks_of(self.confirm)):
            if blank not in known:
                raise ValueError(f"{{{blank}}} is neither an argument nor {_listed(CALL_VALUES)}")
        required = frozenset(self.parameters.get("required", ()))
        for blank in sorted(blanks_of(self.url) - CALL_VALUES - required):
            raise ValueError(f"{{{blank}}} is in the url, so it must be required")
        for name, source in self.from_call.items():
            if source not in CALL_VALUES:
                raise ValueError(f"from_call.{name} is none of {_listed(CALL_VALUES)}")
            if name in self.argument_names:
                raise ValueError(f"{name} is an argument and from_call")
        return self


class McpToolEntry(PolicyEntry):
    """One tool of an MCP server that may be used."""

    description: str = Field("", max_length=2_000)
    """Instead of the server's own."""


class McpEntry(_Entry):
    """An MCP server: a command that is started for each call, or an address."""

    name: ToolName
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    env: dict[str, str] = {}
    """What it finds in its environment beside PATH and the like."""
    folder: Path | None = None
    """Where it is started."""
    url: str | None = Field(None, max_length=2_000)
    headers: Headers = {}
    start_timeout_s: float = Field(5.0, gt=0, le=30)
    tools: Annotated[dict[ToolName, McpToolEntry], Field(min_length=1)]
    """Those that may be used, by name; what else the server offers is left alone."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("needs either a command or a url")
        return self


class ToolFile(_Entry):
    """The file."""

    allow_hosts: Annotated[tuple[str, ...], AfterValidator(_check_hosts)] = ()
    http: tuple[HttpEntry, ...] = ()
    mcp: tuple[McpEntry, ...] = ()

    @property
    def allowed(self) -> AllowList:
        """Where its tools may connect to."""
        return AllowList.of(self.allow_hosts)

    @property
    def names(self) -> tuple[str, ...]:
        """Every tool that it declares, in order."""
        of_servers = (name for server in self.mcp for name in server.tools)
        return (*(entry.name for entry in self.http), *of_servers)


def _check_schema(schema: dict[str, Any]) -> None:
    if schema.get("type") != "object" or not isinstance(schema.get("properties", {}), dict):
        raise ValueError('parameters must be a JSON schema of type "object"')
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"parameters is no JSON schema: {error.message}") from None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
