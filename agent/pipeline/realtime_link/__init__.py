"""The connection to a realtime provider that outlives its sockets.

`session.py` is where it comes together; the other modules each know one thing and no socket.
"""

from agent.pipeline.realtime_link.health import PATIENCE, LinkHealth, LinkOptions
from agent.pipeline.realtime_link.memory import Judge
from agent.pipeline.realtime_link.session import OnSession, ResilientModel, ResilientSession
from agent.pipeline.realtime_link.summary import LanguageModelSummary, Summarise
from agent.pipeline.realtime_link.usage import OnUsage

__all__ = [
    "PATIENCE",
    "Judge",
    "LanguageModelSummary",
    "LinkHealth",
    "LinkOptions",
    "OnSession",
    "OnUsage",
    "ResilientModel",
    "ResilientSession",
    "Summarise",
]
