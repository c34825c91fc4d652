"""The endpoint under LiveKit's own client, and the page's own unit tests."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.web.test_process import ROOT, page_url, web_process

CLIENT_DIR = ROOT / "agent" / "web" / "client"


def node(*arguments: str, cwd: Path = ROOT) -> str:
    run = subprocess.run(
        ["node", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nDid ./scripts/build-client run?"
    return run.stdout


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The token endpoint of a running server."""
    with web_process("--port", "0") as server:
        yield f"{page_url(server)}/api/token"
        server.terminate()
        server.communicate(timeout=20)


def fetched(endpoint: str, **options: Any) -> dict[str, Any]:
    script = Path(__file__).with_name("token_source.mjs")
    return json.loads(node(str(script), str(CLIENT_DIR), endpoint, json.dumps(options)))


def test_livekits_token_source_is_served_without_options(endpoint: str) -> None:
    """An unmodified client that asks for nothing in particular gets a call."""
    answer = fetched(endpoint)
    assert answer["serverUrl"] == "ws://127.0.0.1:7880"
    assert answer["payload"]["video"]["roomJoin"] is True


def test_livekits_token_source_carries_call_options(endpoint: str) -> None:
    """AgentName and agentMetadata of an unmodified client reach our agent's dispatch."""
    metadata = json.dumps({"pipeline": "cascade", "voice": "en-gb"})
    answer = fetched(endpoint, agentName="parley", agentMetadata=metadata, participantName="Grace")
    (agent,) = answer["payload"]["roomConfig"]["agents"]
    assert agent["agentName"] == "parley"
    assert json.loads(agent["metadata"])["voice"] == "en-gb"
    assert answer["payload"]["name"] == "Grace"


def test_livekits_token_source_shows_why_it_was_refused(endpoint: str) -> None:
    """The reason reaches a developer through the client's own error."""
    assert "room_name is set by the server" in fetched(endpoint, roomName="lobby")["error"]


def test_the_pages_own_tests_pass() -> None:
    """The caption logic holds under the page's own test runner."""
    node("node_modules/vitest/vitest.mjs", "run", cwd=CLIENT_DIR)


def test_the_page_is_light() -> None:
    """All that a visitor's browser loads for it is under 250 kB as it travels."""
    static = ROOT / "agent" / "web" / "static"
    page = (static / "index.html").read_text()
    files = [static / "index.html", *(f for f in (static / "assets").iterdir() if f.name in page)]
    # A script may load others that the page does not name.
    files += [
        f for f in (static / "assets").glob("*.js") if f not in files and "calls" not in f.name
    ]
    assert len(files) >= 4, "Did ./scripts/build-client run?"
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 250_000
