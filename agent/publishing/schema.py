"""The JSON Schema of the events. `python -m agent.publishing.schema` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from agent.publishing.events import Event

TITLE = "ParleyEvent"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema() -> dict[str, Any]:
    """The schema of one event as it is sent. It allows what later versions of this program add."""
    schema = TypeAdapter[Any](Event).json_schema(mode="serialization")
    for definition in schema["$defs"].values():
        for each in definition.get("properties", {}).values():
            each.pop("title", None)  # of which generators would make a type each
    return {"$schema": DIALECT, "title": TITLE, **schema}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(event_schema(), indent=2) + "\n")
