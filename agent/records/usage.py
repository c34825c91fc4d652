"""What was used of each model, step by step, out of the framework's running totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from livekit.agents.metrics import (
    AgentSessionUsage,
    LLMModelUsage,
    ModelUsage,
    STTModelUsage,
    TTSModelUsage,
)

from agent.call.record import Used

Use = Literal["llm", "tts", "stt"]
Amounts = Mapping[str, int | float]


class UsageSteps:
    """Remembers the totals that were told last. Local models cost nothing and are left out."""

    def __init__(self) -> None:
        self._told: dict[tuple[Use, str, str], Amounts] = {}

    def since_last(self, usage: AgentSessionUsage) -> Iterator[Used]:
        """What has come to each model's total since the last time."""
        for total in usage.model_usage:
            use = _use_of(total)
            if use is None:
                continue
            key = (use, total.provider, total.model)
            before, now = self._told.get(key, {}), _amounts(total)
            self._told[key] = now
            more = {name: _rounded(now[name] - before.get(name, 0)) for name in now}
            if amounts := {name: amount for name, amount in more.items() if amount}:
                yield Used(use, total.provider, total.model, amounts)


def _use_of(usage: ModelUsage) -> Use | None:
    if isinstance(usage, LLMModelUsage):
        return "llm"
    if isinstance(usage, TTSModelUsage):
        return "tts"
    return "stt" if isinstance(usage, STTModelUsage) else None


def _amounts(usage: ModelUsage) -> Amounts:
    return {
        name: value
        for name, value in usage.model_dump(exclude={"type", "provider", "model"}).items()
        if isinstance(value, int | float)
    }


def _rounded(amount: int | float) -> int | float:
    return amount if isinstance(amount, int) else round(amount, 6)
