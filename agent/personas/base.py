"""A persona as data, and where the bundled ones come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from agent.errors import CallOptionsError


@dataclass(frozen=True, slots=True)
class Persona:
    """One character the agent can be. `tools` are names in the tool catalogue."""

    name: str
    greeting: str
    instructions: str
    tools: tuple[str, ...] = ()


def _prompt(name: str) -> str:
    return resources.files(__package__).joinpath("prompts", f"{name}.md").read_text("utf-8").strip()


def bundled_personas() -> Mapping[str, Persona]:
    """The personas that come with Parley, by name."""
    frontdesk = Persona(
        name="frontdesk",
        greeting="Hello, this is Parley. How can I help you?",
        instructions=_prompt("frontdesk"),
        tools=("time_in_place", "end_call"),
    )
    return {frontdesk.name: frontdesk}


def find_persona(name: str) -> Persona:
    """The persona of that name.

    Raises:
        CallOptionsError: when there is none.
    """
    personas = bundled_personas()
    try:
        return personas[name]
    except KeyError:
        known = ", ".join(sorted(personas))
        raise CallOptionsError(f"call options: no such persona; there are: {known}") from None
