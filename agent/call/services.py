"""The outside as tools see it: one protocol for each subject, so that a test puts a dictionary
behind it. `agent.services` has what is behind them in a real call.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.call.appointments import AppointmentBook, OpeningHours
from agent.call.knowledge import KnowledgeBase
from agent.call.messages import MessageBox
from agent.call.orders import OrderBook
from agent.call.weather import WeatherService


@dataclass(frozen=True, slots=True)
class Services:
    """What the tools of one call reach the outside with."""

    weather: WeatherService
    appointments: AppointmentBook
    hours: OpeningHours
    orders: OrderBook
    knowledge: KnowledgeBase
    messages: MessageBox
