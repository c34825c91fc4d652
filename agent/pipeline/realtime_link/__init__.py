"""The connection to a realtime provider that outlives its sockets.

`session.py` is where it comes together; the other modules each know one thing and no socket.
"""

from agent.pipeline.realtime_link.health import PATIENCE, LinkHealth, LinkOptions
from agent.pipeline.realtime_link.session import ResilientModel, ResilientSession

__all__ = ["PATIENCE", "LinkHealth", "LinkOptions", "ResilientModel", "ResilientSession"]
