"""Which parts `dev` runs."""

import socket
import sys
from pathlib import Path

import pytest

from agent.settings import DEVELOPMENT_API_KEY, DEVELOPMENT_API_SECRET
from agent.stack import ServerMissingError, StackPlan, plan_stack
from agent.stack.part import AnswersHttp

WORKER = (sys.executable, "worker.py")
INSTALLER = """#!/bin/sh
echo /opt/livekit-server
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose installer has found a server."""
    return with_installer(tmp_path, INSTALLER)


def with_installer(folder: Path, text: str) -> Path:
    script = folder / "scripts" / "install-livekit-server"
    script.parent.mkdir()
    script.write_text(text)
    script.chmod(0o755)
    return folder


def names(plan: StackPlan) -> list[str]:
    return [part.name for part in plan.parts]


def test_with_nothing_configured_every_part_is_embedded(project: Path) -> None:
    """Server, sandbox, page and worker run, and a line tells how to replace each default."""
    plan = plan_stack({}, project=project, worker=WORKER)
    assert names(plan) == ["livekit", "sandbox", "web", "worker"]
    assert plan.parts[0].argv[0] == "/opt/livekit-server"
    assert any("LIVEKIT_URL" in note for note in plan.notes)
    assert any("OPENAI_API_KEY" in note and "OPENAI_BASE_URL" in note for note in plan.notes)


def test_the_other_parts_are_pointed_at_the_embedded_ones(project: Path) -> None:
    """Worker and page get the server's address and key, and the sandbox as their provider."""
    plan = plan_stack({}, project=project, worker=WORKER)
    livekit, sandbox, web, worker = plan.parts
    assert isinstance(livekit.ready, AnswersHttp)
    assert isinstance(sandbox.ready, AnswersHttp)
    for part in (web, worker):
        assert part.env["LIVEKIT_URL"] == livekit.ready.url.replace("http", "ws").rstrip("/")
        assert part.env["LIVEKIT_API_KEY"] == DEVELOPMENT_API_KEY
        assert part.env["LIVEKIT_API_SECRET"] == DEVELOPMENT_API_SECRET
        assert part.env["OPENAI_BASE_URL"] == sandbox.ready.url.removesuffix("/models")
        assert part.env["OPENAI_API_KEY"]


def test_what_is_configured_is_used(tmp_path: Path) -> None:
    """With a server and a provider set, only page and worker run, in their given environment."""
    given = {"LIVEKIT_URL": "wss://calls.example.com", "OPENAI_API_KEY": "sk-test"}
    plan = plan_stack(given, project=tmp_path, worker=WORKER)
    assert names(plan) == ["web", "worker"]
    assert plan.env == {}
    assert plan.parts[1].argv == WORKER


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_either_openai_variable_replaces_the_sandbox(project: Path, name: str) -> None:
    """A key alone means OpenAI, a base URL alone a server that needs no key."""
    plan = plan_stack({name: "http://127.0.0.1:1/v1"}, project=project, worker=WORKER)
    assert names(plan) == ["livekit", "web", "worker"]


def test_empty_variables_count_as_unset(project: Path) -> None:
    """The empty lines of a copied .env.example change nothing."""
    empty = {"LIVEKIT_URL": "", "OPENAI_API_KEY": " ", "PARLEY_WEB_PORT": ""}
    assert names(plan_stack(empty, project=project, worker=WORKER))[:2] == ["livekit", "sandbox"]


def test_a_taken_port_is_replaced_and_noted(project: Path) -> None:
    """The page moves to a free port when its own is taken, and a line says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        plan = plan_stack({"PARLEY_WEB_PORT": str(taken)}, project=project, worker=WORKER)
    assert not plan.page_url.endswith(f":{taken}")
    assert any(f"Port {taken} (web page) is taken" in note for note in plan.notes)


def test_a_missing_server_is_explained(tmp_path: Path) -> None:
    """Where there is no livekit-server, the installer's own words reach the user."""
    project = with_installer(tmp_path, "#!/bin/sh\necho 'get it with brew' >&2\nexit 1\n")
    with pytest.raises(ServerMissingError, match="get it with brew"):
        plan_stack({}, project=project, worker=WORKER)


def test_no_server_is_looked_for_when_one_is_configured(tmp_path: Path) -> None:
    """A machine without livekit-server works with LIVEKIT_URL."""
    project = with_installer(tmp_path, "#!/bin/sh\nexit 1\n")
    plan = plan_stack({"LIVEKIT_URL": "ws://127.0.0.1:1"}, project=project, worker=WORKER)
    assert names(plan) == ["sandbox", "web", "worker"]
