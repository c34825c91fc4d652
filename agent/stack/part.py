"""What one part of the stack is, as plain data, and how its failure reads."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.errors import ParleyError


@dataclass(frozen=True, slots=True)
class AnswersHttp:
    """Ready when `url` (plain http) answers with a status below 500."""

    url: str


@dataclass(frozen=True, slots=True)
class SaysReady:
    """Ready when the part itself says so: see `agent.stack.notify`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the stack.

    `env` is added to the environment of the stack itself. A part that is not ready in
    `ready_within_s` seconds has failed; one that has not ended `stop_within_s` seconds after
    SIGTERM is killed.
    """

    name: str
    argv: tuple[str, ...]
    ready: AnswersHttp | SaysReady
    env: Mapping[str, str] = field(default_factory=dict)
    ready_within_s: float = 30.0
    stop_within_s: float = 5.0


class PartError(ParleyError):
    """A part could not be started or ended unasked; `str()` is the whole story, for the user."""

    def __init__(self, part: Part, what: str, last_lines: Sequence[str]) -> None:
        self.part = part
        said = "\n".join(f"    {line}" for line in last_lines)
        tail = f" Its last lines:\n{said}" if last_lines else " It said nothing."
        super().__init__(f"{part.name} {what}.{tail}")


def describe_exit(status: int) -> str:
    """An exit status in words, such as "exit code 3" or "killed by SIGKILL"."""
    number = -status if status < 0 else status - 128
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return f"exit code {status}"
