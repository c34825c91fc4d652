"""A persona as data: one character that the agent can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.settings import EndpointingProfile, Pipeline


@dataclass(frozen=True, slots=True)
class PersonaVoice:
    """The names of a persona's voice at the providers; None for the configured voice."""

    cascade: str | None = None
    realtime: str | None = None

    def of(self, pipeline: Pipeline) -> str | None:
        """The voice in this pipeline."""
        return self.realtime if pipeline == "realtime" else self.cascade


@dataclass(frozen=True, slots=True)
class HandoffTarget:
    """A persona to whom a call may be handed over."""

    to: str
    when: str
    """What tells the model when it is time, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One character the agent can be; its name is that of its file."""

    name: str
    title: str
    """What the other personas call it, such as "the front desk"."""
    greetings: Mapping[str, str]
    """First words by language; the one of "" where there is none for a language."""
    prompt: str
    """With variables, see `prompts.py`."""
    tools: tuple[str, ...] = ()
    """Names in the tool catalogue, and of collection tools."""
    voice: PersonaVoice = PersonaVoice()
    language: str | None = None
    """None for the call's."""
    endpointing: EndpointingProfile | None = None
    """None for the configured one."""
    guardrails: tuple[str, ...] | None = None
    """Names of rules; None for those that are on by default."""
    handoffs: tuple[HandoffTarget, ...] = ()
    hands_back: bool = True
    """Whether it may hand the caller back to who handed over."""
    source: str = field(default="", compare=False)
    """The file it was read from, for messages to the operator."""

    def greeting(self, language: str) -> str:
        """The first words in a language, given as a BCP 47 tag, or the nearest there is."""
        for tag in (language, language.partition("-")[0], ""):
            if tag in self.greetings:
                return self.greetings[tag]
        return next(iter(self.greetings.values()))
