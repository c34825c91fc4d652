"""An agent without a model: it is in the room and does what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from livekit import api, rtc

from tests.caller.speech import SAMPLE_RATE_HZ, speak
from tests.caller.stack import API_KEY, API_SECRET, LiveKitServer

FRAME = SAMPLE_RATE_HZ // 50
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC).isoformat()

WEATHER = {
    "kind": "weather",
    "place": "Lisbon",
    "day": "2026-11-26",
    "condition": "light rain",
    "temperature_c": 17,
    "high_c": 19,
    "low_c": 13,
    "rain_percent": 60,
    "wind_kmh": 22,
    "forecast": True,
}
APPOINTMENT = {
    "kind": "appointment",
    "action": "booked",
    "subject": "A first consultation",
    "starts_at": "2026-12-01T10:30:00+09:00",
    "ends_at": "2026-12-01T11:00:00+09:00",
    "reference": "40217",
}


class ScriptedAgent:
    """What the page takes for the agent of its call."""

    def __init__(self, room: rtc.Room) -> None:
        self.room = room
        self.feedback: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sequence = 0
        self._segment = 0
        room.local_participant.register_rpc_method("parley.feedback", self._on_feedback)

    async def be(self, state: str) -> None:
        """Say by the attribute of LiveKit agents what it does."""
        await self.room.local_participant.set_attributes({"lk.agent.state": state})

    async def say(self, text: str) -> None:
        """One line of its own, in one stream."""
        self._segment += 1
        await self.room.local_participant.send_text(
            text,
            topic="lk.transcription",
            attributes={
                "lk.segment_id": f"SG_agent_{self._segment}",
                "lk.transcription_final": "true",
            },
        )

    async def hear(self, text: str) -> None:
        """One line of the caller's, understood."""
        await self._hear(text, "SG_caller_1", final=True)

    async def hear_more(self, text: str) -> None:
        """A line of the caller's that may go on."""
        await self._hear(text, "SG_caller_2", final=False)

    async def _hear(self, text: str, segment: str, *, final: bool) -> None:
        (caller,) = self.room.remote_participants.values()
        (track,) = caller.track_publications
        await self.room.local_participant.send_text(
            text,
            topic="lk.transcription",
            attributes={
                "lk.segment_id": segment,
                "lk.transcribed_track_id": track,
                "lk.transcription_final": str(final).lower(),
            },
        )

    async def tell(self, type_: str, **fields: Any) -> None:
        """An event on topic `parley.events`."""
        self._sequence += 1
        event = {"version": 1, "sequence": self._sequence, "at": NOW, "call_id": "AJ_1"}
        await self.room.local_participant.publish_data(
            json.dumps({**event, "type": type_, **fields}), topic="parley.events"
        )

    async def use(self, tool: str, card: dict[str, Any] | None = None) -> None:
        """Run a tool to its end."""
        ended = {"outcome": "done", "took_s": 0.4, "card": card}
        await self.tell("tool_started", run="run-1", tool=tool, arguments={})
        await self.tell("tool_finished", run="run-1", tool=tool, arguments={}, **ended)

    @asynccontextmanager
    async def aloud(self, text: str) -> AsyncIterator[None]:
        """Meanwhile it speaks, over and over."""
        source = rtc.AudioSource(SAMPLE_RATE_HZ, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        await self.room.local_participant.publish_track(track)
        samples = speak(text).samples
        samples = samples[: samples.size // FRAME * FRAME]

        async def play() -> None:
            while True:
                for frame in samples.reshape(-1, FRAME):
                    await source.capture_frame(
                        rtc.AudioFrame(frame.tobytes(), SAMPLE_RATE_HZ, 1, FRAME)
                    )

        playing = asyncio.create_task(play())
        try:
            yield
        finally:
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing

    async def _on_feedback(self, request: rtc.RpcInvocationData) -> str:
        self.feedback.put_nowait(json.loads(request.payload))
        return json.dumps({"ok": True})


@asynccontextmanager
async def scripted_agent(server: LiveKitServer, room_name: str) -> AsyncIterator[ScriptedAgent]:
    """An agent that has joined a room, and listens."""
    grants = api.VideoGrants(
        room_join=True, room=room_name, agent=True, can_update_own_metadata=True
    )
    token = api.AccessToken(API_KEY, API_SECRET).with_identity("scripted-agent")
    room = rtc.Room()
    await room.connect(server.url, token.with_kind("agent").with_grants(grants).to_jwt())
    try:
        agent = ScriptedAgent(room)
        await agent.be("listening")
        yield agent
    finally:
        await room.disconnect()
