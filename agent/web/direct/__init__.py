"""Direct mode: a browser talks with the realtime provider itself, and with us only about it.

- `routes.py`: the endpoints, under `/api/realtime/`.
- `provider.py`: the short-lived secret, asked of the provider with the operator's key.
- `calls.py`: the calls that go on, each proven by a token of its own.
- `wire.py`, `usage.py`: what a page asks and reports.
- `talk.py`: what tools may do in a call that has no room.
- `access.py`: whether there is such a mode, and where browsers go.

What a call is made of comes from the composition root (`agent/bootstrap/direct.py`): nothing here
knows a persona, a tool or a record.
"""

from agent.web.direct.access import direct_is_on, provider_origin, provider_url
from agent.web.direct.calls import DirectCalls
from agent.web.direct.routes import direct_routes

__all__ = ["DirectCalls", "direct_is_on", "direct_routes", "provider_origin", "provider_url"]
