"""What OpenAPI says of a request whose body is read by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def described(summary: str, model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """Of a route that takes this JSON."""
    schema = model.model_json_schema(by_alias=False)
    body = _inlined(schema, schema.get("$defs", {}))
    return {
        "summary": summary,
        "requestBody": {"required": required, "content": {"application/json": {"schema": body}}},
    }


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with what it refers to in place: `#` would be the whole of OpenAPI's document."""
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items() if name != "$defs"}
