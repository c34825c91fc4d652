"""What one call will be: the caller's options over the worker's settings."""

from __future__ import annotations

from dataclasses import dataclass

from agent.call.options import CallOptions, JobMetadata
from agent.personas import Persona, Roster, bundled_personas
from agent.settings import Pipeline, Settings


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What one call will be: decided, but nothing built or connected yet."""

    pipeline: Pipeline
    persona: Persona
    language: str
    voice: str | None
    """What the caller chose; None for the persona's own."""
    roster: Roster
    """Who else may take over."""
    half_duplex: bool = False
    tenant: str | None = None
    """On whose account it is."""

    @property
    def greeting(self) -> str:
        """The first words."""
        return self.persona.greeting(self.language)

    @property
    def tool_names(self) -> frozenset[str]:
        """The tools of everyone to whom the caller may come in this call."""
        return frozenset(name for persona in self._reachable() for name in persona.tools)

    def _reachable(self) -> list[Persona]:
        found = {self.persona.name: self.persona}
        left = [self.persona]
        while left:
            for target in left.pop().handoffs:
                if target.to in self.roster.personas and target.to not in found:
                    found[target.to] = self.roster.personas[target.to]
                    left.append(found[target.to])
        return list(found.values())


def plan_call(settings: Settings, options: CallOptions, roster: Roster | None = None) -> CallPlan:
    """The caller's options over the worker's settings. Without a roster there are the bundled
    personas.

    Raises:
        CallOptionsError: for a persona that does not exist.
    """
    roster = roster or Roster(bundled_personas())
    persona = roster.find(options.persona or settings.call.persona)
    return CallPlan(
        pipeline=options.pipeline or settings.call.pipeline,
        persona=persona,
        roster=roster,
        language=options.language or persona.language or settings.call.language,
        voice=options.voice,
        half_duplex=(
            settings.interruptions.half_duplex
            if options.half_duplex is None
            else options.half_duplex
        ),
        # Of the job's metadata alone: who could choose it would spend another's budget.
        tenant=options.tenant if isinstance(options, JobMetadata) else None,
    )
