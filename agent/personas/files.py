"""Personas from a folder: for each one a TOML file, and a Markdown file with its prompt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.call.options import LanguageTag, Name
from agent.personas.persona import HandoffTarget, Persona, PersonaVoice
from agent.personas.prompts import faults_of
from agent.settings import EndpointingProfile

MAX_FILE_BYTES = 64_000

Sentence = Annotated[str, Field(min_length=1, max_length=500)]
ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
PERSONA_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
"""Part of a tool's name, such as `transfer_to_billing`."""
PersonaName = Annotated[str, Field(pattern=PERSONA_NAME.pattern)]


def _for_any_language(value: Any) -> Any:
    return {"": value} if isinstance(value, str) else value


def _for_both_pipelines(value: Any) -> Any:
    return {"cascade": value, "realtime": value} if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class _Voice(_Strict):
    cascade: Name | None = None
    realtime: Name | None = None


class _Handoff(_Strict):
    to: PersonaName
    when: Sentence


class _PersonaFile(_Strict):
    title: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    greeting: Annotated[
        dict[Annotated[str, Field(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")], Sentence],
        Field(min_length=1),
        BeforeValidator(_for_any_language),
    ]
    prompt: FileName | None = None
    tools: list[ToolName] = []
    voice: Annotated[_Voice, BeforeValidator(_for_both_pipelines)] = _Voice()
    language: LanguageTag | None = None
    endpointing: EndpointingProfile | None = None
    guardrails: list[Name] | None = None
    handoffs: list[_Handoff] = []
    hand_back: bool = True


@dataclass(slots=True)
class Folder:
    """What was read from a folder: the personas that can be used, and every fault."""

    personas: dict[str, Persona] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read_folder(folder: Traversable) -> Folder:
    """The personas of a folder, by name. Files that are no TOML and no prompt are left alone."""
    read = Folder()
    try:
        files = sorted((file for file in folder.iterdir()), key=lambda file: file.name)
    except OSError as error:
        read.faults.append(f"{folder.name}: cannot be read: {error.strerror}")
        return read
    for file in files:
        if file.name.endswith(".toml") and not file.name.startswith("."):
            persona, faults = _read(folder, file)
            read.faults.extend(f"{file.name}: {fault}" for fault in faults)
            if persona is not None and not faults:
                read.personas[persona.name] = persona
    return read


def _read(folder: Traversable, file: Traversable) -> tuple[Persona | None, list[str]]:
    name = file.name.removesuffix(".toml")
    try:
        given = _PersonaFile.model_validate(tomllib.loads(_text_of(file)))
    except ValidationError as error:
        return None, [_describe(detail) for detail in error.errors(include_input=False)]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [f"is not TOML: {error}"]
    except (OSError, ValueError) as error:
        return None, [f"cannot be read: {error}"]
    faults = []
    if not PERSONA_NAME.match(name):
        faults.append("the name must be of lower-case letters, digits and _")
    prompt_file = given.prompt or f"{name}.md"
    prompt, prompt_faults = _read_prompt(folder.joinpath(prompt_file))
    faults += [f"prompt: {prompt_file} {fault}" for fault in prompt_faults]
    faults += _doubled("tools", given.tools)
    faults += _doubled("handoffs", [handoff.to for handoff in given.handoffs])
    return _persona(name, given, prompt, source=file.name), faults


def _read_prompt(file: Traversable) -> tuple[str, list[str]]:
    try:
        text = _text_of(file)
    except (OSError, ValueError):
        return "", ["is missing or cannot be read"]
    return text, list(faults_of(text))


def _text_of(file: Traversable) -> str:
    with file.open("rb") as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {MAX_FILE_BYTES} bytes")
    return content.decode("utf-8")


def _doubled(field_name: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{field_name}: {name} is listed twice"


def _persona(name: str, given: _PersonaFile, prompt: str, *, source: str) -> Persona:
    return Persona(
        name=name,
        title=given.title or name.replace("_", " "),
        greetings=dict(given.greeting),
        prompt=prompt,
        tools=tuple(given.tools),
        voice=PersonaVoice(given.voice.cascade, given.voice.realtime),
        language=given.language,
        endpointing=given.endpointing,
        guardrails=None if given.guardrails is None else tuple(given.guardrails),
        handoffs=tuple(HandoffTarget(handoff.to, handoff.when) for handoff in given.handoffs),
        hands_back=given.hand_back,
        source=source,
    )


def _describe(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "missing":
        return f"{place}: is not set"
    if detail["type"] == "extra_forbidden":
        known = ", ".join(_PersonaFile.model_fields)
        return f"{place}: is not a field; there are: {known}"
    message = detail["msg"]
    return f"{place}: {message[0].lower()}{message[1:]}"
