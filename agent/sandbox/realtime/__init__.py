"""OpenAI's realtime API (GA): over WebSocket at `GET /v1/realtime`, and over WebRTC.

The protocol is what openai's own pydantic types say, in both directions; where they are silent, it
follows what the real service was recorded to answer.

- endpoint, line, connection, tasks, wire, outbox: a connection, its tasks, and how events leave;
- webrtc: the same with sound beside the events; client_secrets, beginning: keys for browsers, and
  what a session begins with;
- client_events, errors: what a client sent, or the error it gets;
- session: configuration; conversation, items, recording: items;
- input_audio, turns, transcription: what the user says;
- responder, response, response_events, mind, usage: what the assistant says.
"""

from agent.sandbox.realtime.endpoint import routes

__all__ = ["routes"]
