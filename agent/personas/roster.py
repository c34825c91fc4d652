"""All personas that a worker can be: the bundled ones, and the operator's own over them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from agent.errors import CallOptionsError, SettingsError
from agent.personas.files import Folder, read_folder
from agent.personas.persona import Persona

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "PARLEY_PERSONAS_DIR"

Stamps = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Roster:
    """Personas that were read and found to be in order. It travels to job processes as it is, so
    that all calls of a worker begin with what was checked when it started.
    """

    personas: Mapping[str, Persona]
    stamps: Stamps = field(default_factory=dict)
    """When the files of the operator's folder were changed, and their sizes."""

    def find(self, name: str) -> Persona:
        """The persona of that name.

        Raises:
            CallOptionsError: when there is none, with the names there are.
        """
        try:
            return self.personas[name]
        except KeyError:
            known = ", ".join(sorted(self.personas))
            raise CallOptionsError(f"call options: no such persona; there are: {known}") from None


def load_roster(folder: Path | None, *, tools: Collection[str]) -> Roster:
    """The bundled personas, and over them those of the operator's folder.

    Args:
        folder: The operator's, if there is one.
        tools: The names of all tools that a persona may ask for.

    Raises:
        SettingsError: with every fault of every file.
    """
    stamps = _stamps_of(folder) if folder is not None else {}
    own = read_folder(folder) if folder is not None else Folder()
    personas = {**_bundled().personas, **own.personas}
    # What refers to a file that is at fault itself is no fault of its own.
    named = set(personas) | _names_at_fault(own)
    faults = [*_bundled().faults, *own.faults]
    for persona in personas.values():
        faults += [f"{persona.source}: {fault}" for fault in _faults(persona, named, tools)]
    if faults:
        raise SettingsError([f"{FOLDER_VARIABLE}: {fault}" for fault in faults])
    return Roster(personas, stamps)


def renewed(roster: Roster, folder: Path | None, *, tools: Collection[str]) -> Roster:
    """The roster as the files are now: the same one if none was changed, or if what they have
    become cannot be used; that is logged.
    """
    if folder is None or _stamps_of(folder) == roster.stamps:
        return roster
    try:
        changed = load_roster(folder, tools=tools)
    except SettingsError as error:
        logger.warning("the personas stay as they were: %s", "; ".join(error.faults))
        return roster
    logger.info("personas were read again", extra={"personas": len(changed.personas)})
    return changed


def bundled_personas() -> Mapping[str, Persona]:
    """The personas that come with Parley, by name."""
    return _bundled().personas


def find_persona(name: str) -> Persona:
    """The bundled persona of that name.

    Raises:
        CallOptionsError: when there is none.
    """
    return Roster(bundled_personas()).find(name)


def _bundled() -> Folder:
    return read_folder(resources.files(__package__).joinpath("bundled"))


def _faults(persona: Persona, named: Collection[str], tools: Collection[str]) -> Iterator[str]:
    for name in persona.tools:
        if name not in tools:
            yield f"tools: {name} is not a tool of the catalogue"
    for target in persona.handoffs:
        if target.to == persona.name:
            yield "handoffs: a persona cannot hand over to itself"
        elif target.to not in named:
            yield f"handoffs: {target.to} is not a persona"


def _names_at_fault(folder: Folder) -> set[str]:
    return {fault.partition(".toml:")[0] for fault in folder.faults if ".toml:" in fault}


def _stamps_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Of each file by which a persona may change; one that goes meanwhile is left out."""
    stamps = {}
    try:
        files = [file for file in folder.iterdir() if file.suffix in (".toml", ".md")]
    except OSError:
        return {}
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        stamps[file.name] = (status.st_mtime_ns, status.st_size)
    return stamps
