"""Which parts `dev` runs: what is configured is used, what is not gets the embedded default."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.settings import DEVELOPMENT_API_KEY, DEVELOPMENT_API_SECRET
from agent.stack.livekit_server import find_server, server_part
from agent.stack.part import AnswersHttp, Part, SaysReady
from agent.stack.ports import LOOPBACK, choose_port

SANDBOX_PORT, WEB_PORT, WORKER_PORT = 8090, 8000, 8081
SANDBOX_KEY = "sandbox"
NO_PORT = 9
"""The discard port, where nothing answers."""
DEVELOPMENT_KEYS = {
    "LIVEKIT_API_KEY": DEVELOPMENT_API_KEY,
    "LIVEKIT_API_SECRET": DEVELOPMENT_API_SECRET,
}


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What to run. `env` is what the embedded parts add to the environment of the others."""

    parts: tuple[Part, ...]
    env: Mapping[str, str]
    page_url: str
    notes: tuple[str, ...]
    """One line for each embedded default and for each port that had to move."""


def plan_stack(environ: Mapping[str, str], *, project: Path, worker: Sequence[str]) -> StackPlan:
    """The parts for an environment, in the order in which they start.

    Args:
        environ: Variables by name; empty values count as unset.
        project: The folder that holds livekit.yaml and scripts/.
        worker: The command that runs the worker; it must call `notify_ready` once registered.

    Raises:
        ServerMissingError: a LiveKit server is needed and there is none on this machine.
    """
    given = {name: value for name, value in environ.items() if value.strip()}
    draft = _Draft(project)
    if "LIVEKIT_URL" not in given:
        draft.add_livekit_server()
    if needs_sandbox(given):
        draft.add_sandbox()
    page_url = draft.add_web(_port(given, "PARLEY_WEB_PORT", WEB_PORT))
    draft.add_worker(worker, _port(given, "PARLEY_WORKER_PORT", WORKER_PORT))
    return draft.plan(page_url=page_url)


def plan_console(environ: Mapping[str, str], *, project: Path) -> StackPlan:
    """The parts for one conversation in the terminal: no room, so no LiveKit server and no page.

    The settings still ask for a server; where none is set, they are told of one that is never
    contacted.
    """
    given = {name: value for name, value in environ.items() if value.strip()}
    draft = _Draft(project)
    if needs_sandbox(given):
        draft.add_sandbox()
    if "LIVEKIT_URL" not in given:
        draft.env |= {"LIVEKIT_URL": f"ws://{LOOPBACK}:{NO_PORT}", **DEVELOPMENT_KEYS}
    return draft.plan(page_url="")


def needs_sandbox(given: Mapping[str, str]) -> bool:
    """Whether nothing says which provider to use."""
    return "OPENAI_API_KEY" not in given and "OPENAI_BASE_URL" not in given


class _Draft:
    """A plan while it is being made."""

    def __init__(self, project: Path) -> None:
        self.parts: list[Part] = []
        self.env: dict[str, str] = {}
        self.notes: list[str] = []
        self._project = project

    def plan(self, *, page_url: str) -> StackPlan:
        """What was drafted, every part told of every other."""
        parts = tuple(replace(part, env={**self.env, **part.env}) for part in self.parts)
        return StackPlan(parts, self.env, page_url, tuple(self.notes))

    def add_livekit_server(self) -> None:
        part, url = server_part(find_server(self._project), self._project, self._moved)
        self.parts.append(part)
        self.env |= {
            "LIVEKIT_URL": url,
            **DEVELOPMENT_KEYS,
        }
        self.notes.append(
            f"LiveKit: a server of our own at {url}; set LIVEKIT_URL to use another one"
        )

    def add_sandbox(self) -> None:
        port = self._port_for("sandbox", SANDBOX_PORT)
        url = f"http://{LOOPBACK}:{port}/v1"
        self.parts.append(
            Part(
                name="sandbox",
                argv=(sys.executable, "-m", "agent.sandbox", "--port", str(port)),
                ready=AnswersHttp(f"{url}/models"),
            )
        )
        self.env |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": SANDBOX_KEY}
        self.notes.append(
            f"Speech and language: the offline sandbox at {url}; "
            "set OPENAI_API_KEY or OPENAI_BASE_URL to use a real provider"
        )

    def add_web(self, usual_port: int) -> str:
        port = self._port_for("web page", usual_port)
        url = f"http://{LOOPBACK}:{port}"
        self.parts.append(
            Part(
                name="web",
                argv=(sys.executable, "-m", "agent.web", "--host", LOOPBACK, "--port", str(port)),
                ready=AnswersHttp(f"{url}/healthz"),
            )
        )
        return url

    def add_worker(self, command: Sequence[str], usual_port: int) -> None:
        port = self._port_for("worker health", usual_port)
        self.parts.append(
            Part(
                name="worker",
                argv=tuple(command),
                ready=SaysReady(),
                env={"PARLEY_WORKER_PORT": str(port)},
                # Models are loaded and, on a first start, code is compiled.
                ready_within_s=60.0,
                # Calls that are going on are ended and recorded; the framework allows them 10 s.
                stop_within_s=12.0,
            )
        )

    def _port_for(self, use: str, usual: int) -> int:
        return choose_port(usual, moved=lambda was, now: self._moved(use, was, now))

    def _moved(self, use: str, usual: int, now: int) -> None:
        self.notes.append(f"Port {usual} ({use}) is taken, using {now}")


def _port(given: Mapping[str, str], name: str, usual: int) -> int:
    # What is no port at all is for the settings to refuse, with every other fault.
    return int(given[name]) if given.get(name, "").isdecimal() else usual
