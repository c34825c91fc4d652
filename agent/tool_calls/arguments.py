"""A model's arguments: typed, or refused in words that make it ask the caller.

The framework has parsed the JSON by then, and repaired what was broken (`parse_function_arguments`
in livekit-agents 1.8.9).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema import ValidationError as SchemaError
from pydantic import BaseModel, ValidationError

from agent.call.tool import Tool
from agent.errors import ToolError

MOST_FAULTS = 5
MAX_REASON_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments that fit a tool."""

    values: Mapping[str, Any] = field(repr=False)
    canonical: str = field(repr=False)
    """The same text for calls that ask for the same: without regard to order, case and spaces."""


def fit(tool: Tool, given: Mapping[str, Any]) -> Arguments:
    """The arguments as the tool takes them.

    Raises:
        ToolError: saying what to ask the caller for.
    """
    present = _without_nulls(tool, given)
    if tool.arguments is None:
        _check_schema(tool, present)
        return Arguments(present, canonical(present))
    try:
        typed = tool.arguments.model_validate(present)
    except ValidationError as error:
        raise ToolError(_in_words(_model_faults(error))) from None
    return Arguments(_shallow(typed), canonical(typed.model_dump(mode="json")))


def _without_nulls(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """Models write null for what they leave out."""
    required = frozenset(tool.parameters.get("required", ()))
    return {name: value for name, value in given.items() if value is not None or name in required}


def _shallow(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def canonical(values: Mapping[str, Any]) -> str:
    """See Arguments.canonical."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return " ".join(text.casefold().split())


def _check_schema(tool: Tool, given: Mapping[str, Any]) -> None:
    validator = Draft202012Validator(
        dict(tool.parameters), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    # One for each missing property, which all say the same.
    faults = dict.fromkeys(_schema_fault(error) for error in validator.iter_errors(given))
    if faults:
        raise ToolError(_in_words(iter(faults)))


def _schema_fault(error: SchemaError) -> str:
    name = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        schema = error.schema if isinstance(error.schema, dict) else {}
        given = error.instance if isinstance(error.instance, dict) else {}
        return " ".join(_missing(name) for name in schema.get("required", ()) if name not in given)
    if error.validator == "additionalProperties":
        return "There are arguments that it does not take: leave them out."
    return _misfit(name, error.message)


def _model_faults(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        name = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "missing":
            yield _missing(name)
        elif detail["type"] == "extra_forbidden":
            yield f"`{name}` is no argument of it: leave it out."
        else:
            yield _misfit(name, detail["msg"].removeprefix("Value error, "))


def _missing(name: str) -> str:
    return f"`{name}` is missing: ask the caller for it."


def _misfit(name: str, reason: str) -> str:
    about = f"`{name}` does not fit" if name else "The arguments do not fit"
    reason = reason[:MAX_REASON_CHARACTERS].rstrip(". ")
    return f"{about}: {reason}. If the caller did not say it clearly, ask them."


def _in_words(faults: Iterator[str]) -> str:
    return "Nothing was done. " + " ".join(list(faults)[:MOST_FAULTS])
