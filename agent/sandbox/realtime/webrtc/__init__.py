"""`POST /v1/realtime/calls`: OpenAI's realtime API over WebRTC.

The events are the WebSocket's and travel on the data channel `oai-events`; sound flows beside them,
in real time, so here the server knows what was played.

- calls, cross_origin: the endpoints, and that pages of any site may use them;
- peer, channel, tracks, addresses: one client's connection, with aiortc (the extra `webrtc`);
- played_sound: what is still to be played, and what becomes of it when the user interrupts.
"""

from agent.sandbox.realtime.webrtc.calls import CALLS, Calls, keep_calls, routes
from agent.sandbox.realtime.webrtc.cross_origin import allow_origins, answer_preflight

__all__ = ["CALLS", "Calls", "allow_origins", "answer_preflight", "keep_calls", "routes"]
