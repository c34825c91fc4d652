"""`GET /v1/realtime`: OpenAI's realtime API (GA) over WebSocket.

The protocol is what openai's own pydantic types say, in both directions; where they are silent, it
follows what the real service was recorded to answer.

- endpoint, connection, wire, outbox: the socket, its tasks, and the way events leave;
- client_events, errors: what a client sent, or the error it gets;
- session: configuration; conversation, recording: items;
- input_audio, turns, transcription: what the user says;
- responder, response, response_events, mind, usage: what the assistant says.
"""

from agent.sandbox.realtime.endpoint import routes

__all__ = ["routes"]
