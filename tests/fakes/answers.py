"""The weather and the documents of a call, kept in dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.call.knowledge import Passage
from agent.call.weather import Climate, Forecast, PlaceUnknown


@dataclass
class FakeWeather:
    """A WeatherService."""

    forecasts: dict[str, Forecast] = field(default_factory=dict)
    climates: dict[str, Climate] = field(default_factory=dict)
    reachable: bool = True

    async def forecast(self, place: str) -> Forecast | None:
        """See WeatherService."""
        if not self.reachable:
            return None
        if place not in self.forecasts:
            raise PlaceUnknown("no such place")
        return self.forecasts[place]

    def climate(self, place: str) -> Climate | None:
        """See WeatherService."""
        return self.climates.get(place)


@dataclass
class FakeKnowledge:
    """A KnowledgeBase: passages by a word in the question."""

    passages: dict[str, Passage] = field(default_factory=dict)

    async def search(self, question: str, *, limit: int = 3) -> Sequence[Passage]:
        """See KnowledgeBase."""
        found = [self.passages[word] for word in question.split() if word in self.passages]
        return found[:limit]
