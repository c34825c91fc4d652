"""The prices that a call is billed by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from agent.call.cost import Cost, Model, Rates, Usage

TELEPHONE = "telephone"
"""What a line is called among the models, where it has no price."""


@dataclass(frozen=True, slots=True)
class TelephoneRate:
    """What a carrier takes for a line."""

    minute: Decimal
    """US dollars."""
    increment_s: Decimal = Decimal(60)
    """A begun one counts as whole."""

    def cost(self, duration_s: Decimal) -> Decimal:
        """In US dollars, of a line that is open for so long."""
        begun = (duration_s / self.increment_s).to_integral_value(ROUND_CEILING)
        return begun * self.increment_s * self.minute / 60


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Rates of the models that a worker may use, as they were when it started."""

    version: str = "none"
    """Names every list of prices that it was made of, with its date."""
    rates: Mapping[Model, Rates] = field(default_factory=dict)
    telephone: TelephoneRate | None = None

    def cost_of(self, model: Model, usage: Usage) -> Cost:
        """What this much of a model costs; a model without a price is named in the cost."""
        rates = self.rates.get(model)
        if rates is None:
            return Cost(unpriced=frozenset({model.name} if usage else ()))
        covered = rates.covers(usage)
        return Cost(rates.cost(usage), frozenset() if covered else frozenset({model.name}))

    def telephone_cost(self, duration_s: Decimal) -> Cost:
        """What a telephone line costs that is open for so long."""
        if self.telephone is None:
            return Cost(unpriced=frozenset({TELEPHONE}))
        return Cost(self.telephone.cost(duration_s))
