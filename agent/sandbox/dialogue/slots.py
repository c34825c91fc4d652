"""What a tool's JSON schema asks for, flattened into slots that speech can fill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.sandbox.dialogue.words import name_words, stem

Kind = Literal[
    "email", "datetime", "date", "weekday", "time", "phone", "code", "enum", "boolean", "integer",
    "number", "language", "place", "person", "text", "array", "constant", "opaque",
]  # fmt: skip

MAX_SLOTS = 48
MAX_DEPTH = 4

_KIND_OF_FORMAT: dict[str, Kind] = {
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "email": "email",
    "idn-email": "email",
    "phone": "phone",
}
_KIND_OF_NAME: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("email", frozenset({"email", "mail"})),
    ("text", frozenset({"timezone", "zone", "address", "street"})),
    ("phone", frozenset({"phone", "mobile", "telephone", "tel"})),
    ("weekday", frozenset({"weekday"})),
    ("datetime", frozenset({"datetime", "timestamp", "when"})),
    ("code", frozenset({"number", "id", "code", "pin", "zip", "postcode", "digit", "reference"})),
    ("date", frozenset({"date", "day", "birthday"})),
    ("language", frozenset({"language"})),
    ("time", frozenset({"time", "hour"})),
    ("text", frozenset({"message", "text", "title", "subject", "note", "query", "body"})),
    (
        "place",
        frozenset({"place", "city", "town", "location", "country", "destination", "origin"})
        | {"region", "state", "airport"},
    ),
    ("person", frozenset({"name", "person", "recipient", "contact", "who", "guest", "to"})),
)
_KIND_OF_HINT: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("weekday", ("weekday", "day of the week", "day of week", "such as monday", "e.g. monday")),
    ("datetime", ("yyyy-mm-ddthh", "iso 8601 date-time", "iso datetime", "date and time")),
    ("date", ("yyyy-mm-dd", "iso date", "iso 8601 date")),
    ("time", ("hh:mm", "24-hour", "24 hour")),
    ("email", ("email address", "e-mail")),
    ("phone", ("phone number", "e.164")),
    ("code", ("digits",)),
)
_KIND_OF_DESCRIPTION: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("place", ("city", "country", "town", "place")),
    ("person", ("name of the", "full name", "person's name")),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One value that a tool takes, at `path` in its arguments."""

    path: tuple[str, ...]
    kind: Kind
    schema: dict[str, Any]
    required: bool
    """Whether the call makes no sense without it: required, and null is not allowed."""
    item: Slot | None = None
    """For arrays: what one element is."""

    @property
    def name(self) -> str:
        """The parameter's own name."""
        return self.path[-1] if self.path else ""

    @property
    def description(self) -> str:
        """What the schema says about it, or empty."""
        return str(self.schema.get("description") or "")

    @property
    def choices(self) -> list[Any]:
        """The values an enum allows, null left out."""
        values = self.schema.get("enum")
        return [v for v in values if v is not None] if isinstance(values, list) else []


@dataclass(frozen=True, slots=True)
class Shape:
    """The object a tool takes: its members, which of them must appear, which may be null."""

    members: dict[str, Shape | Slot] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()

    def slots(self) -> Iterator[Slot]:
        """Every slot in order of the schema."""
        for member in self.members.values():
            if isinstance(member, Slot):
                yield member
            else:
                yield from member.slots()


def shape_of(parameters: object) -> Shape:
    """The shape of a tool's arguments. A broken schema gives what can be read of it."""
    root = parameters if isinstance(parameters, dict) else {}
    return _Reader(root).members(root, path=(), required=True)


class _Reader:
    """Follows references into the root schema, and stops where a schema recurses or is too big."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._slots_left = MAX_SLOTS

    def members(self, schema: dict[str, Any], *, path: tuple[str, ...], required: bool) -> Shape:
        properties = schema.get("properties")
        listed = schema.get("required")
        names = frozenset(n for n in _list(listed) if isinstance(n, str))
        members: dict[str, Shape | Slot] = {}
        nullable: set[str] = set()
        for name, member in (properties if isinstance(properties, dict) else {}).items():
            if self._slots_left <= 0 or not isinstance(name, str):
                break
            resolved, may_be_null = self.resolve(member)
            if may_be_null:
                nullable.add(name)
            wanted = required and name in names and not may_be_null
            members[name] = self._member(resolved, path=(*path, name), required=wanted)
        return Shape(members, names, frozenset(nullable))

    def _member(
        self, schema: dict[str, Any], *, path: tuple[str, ...], required: bool
    ) -> Shape | Slot:
        if isinstance(schema.get("properties"), dict) and len(path) < MAX_DEPTH:
            return self.members(schema, path=path, required=required)
        self._slots_left -= 1
        kind = kind_of(path[-1], schema)
        item = None
        if kind == "array":
            resolved, _ = self.resolve(schema.get("items"))
            item = Slot(path, kind_of(path[-1], resolved), resolved, required=False)
        return Slot(path, kind, schema, required, item)

    def resolve(self, schema: object) -> tuple[dict[str, Any], bool]:
        """The schema behind references and unions, and whether null is one of its values."""
        found: dict[str, Any] = dict(schema) if isinstance(schema, dict) else {}
        may_be_null = False
        for _ in range(MAX_DEPTH * 2):
            branch = self._branch(found)
            if branch is None:
                break
            options = [o for o in branch if isinstance(o, dict)]
            solid = [o for o in options if o.get("type") != "null"]
            may_be_null = may_be_null or len(solid) < len(options)
            outer = {k: v for k, v in found.items() if k not in ("$ref", "anyOf", "oneOf", "allOf")}
            found = {**(solid[0] if solid else {}), **outer}
        types = _list(found.get("type"))
        if types:
            may_be_null = may_be_null or "null" in types
            found["type"] = next((t for t in types if t != "null"), "string")
        return found, may_be_null

    def _branch(self, schema: dict[str, Any]) -> list[Any] | None:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return [self._at(reference)]
        for union in ("anyOf", "oneOf", "allOf"):
            if _list(schema.get(union)):
                return _list(schema[union])
        return None

    def _at(self, reference: str) -> dict[str, Any]:
        node: object = self._root
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}


def kind_of(name: str, schema: dict[str, Any]) -> Kind:
    """What kind of value a parameter takes, by type, then format, then name, then description."""
    if "const" in schema:
        return "constant"
    if _list(schema.get("enum")):
        return "enum"
    by_type: dict[object, Kind] = {
        "boolean": "boolean",
        "integer": "integer",
        "number": "number",
        "array": "array",
        "object": "opaque",
    }
    kind_of_type = schema.get("type")
    if isinstance(kind_of_type, str) and kind_of_type in by_type:
        return by_type[kind_of_type]
    return _kind_of_string(name, schema)


def _kind_of_string(name: str, schema: dict[str, Any]) -> Kind:
    kind = _KIND_OF_FORMAT.get(str(schema.get("format")))
    if kind is not None:
        return kind
    description = str(schema.get("description") or "")[:300].lower()
    for kind, hints in _KIND_OF_HINT:
        if any(hint in description for hint in hints):
            return kind
    words = {stem(word) for word in name_words(name)}
    if {"date", "time"} <= words:
        return "datetime"
    for kind, names in _KIND_OF_NAME:
        if words & names:
            return kind
    for kind, hints in _KIND_OF_DESCRIPTION:
        if any(hint in description for hint in hints):
            return kind
    return "text"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
