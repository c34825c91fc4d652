"""The published schema of events, and the page's types of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from fastapi.testclient import TestClient

from tests.integration.web.test_process import ROOT

EVENT = {
    "version": 1,
    "sequence": 1,
    "at": "2026-03-02T09:00:00Z",
    "call_id": "AJ_1",
    "type": "turn_started",
    "turn": 1,
    "speaker": "caller",
}


def test_the_schema_is_published_for_everybody(client: TestClient) -> None:
    """It takes an event as it is sent, with what later versions add, and refuses half of one."""
    answer = client.get("/api/events.schema.json")
    assert answer.headers["Content-Type"] == "application/schema+json"
    schema = jsonschema.Draft202012Validator(answer.json())
    schema.validate(EVENT)
    schema.validate({**EVENT, "mood": "curious"})
    for missing in EVENT:
        half = {name: value for name, value in EVENT.items() if name != missing}
        assert not schema.is_valid(half), missing


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_pages_types_are_those_of_the_schema(tmp_path: Path) -> None:
    """If this fails, run scripts/event-types and commit what it writes."""
    made = tmp_path / "events.gen.ts"
    run = subprocess.run(
        [ROOT / "scripts/event-types", made],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert made.read_text() == (ROOT / "agent/web/client/src/events.gen.ts").read_text()


def test_a_type_file_says_where_it_comes_from() -> None:
    """Nobody edits it by hand."""
    first = (ROOT / "agent/web/client/src/events.gen.ts").read_text().splitlines()[0]
    assert "scripts/event-types" in first
    package = json.loads((ROOT / "agent/web/client/package.json").read_text())
    assert package["scripts"]["events"].endswith("scripts/event-types")
