"""Captions of what is said past the session, on LiveKit's own topic."""

from __future__ import annotations

import uuid

from livekit import rtc
from livekit.agents.types import (
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID,
    ATTRIBUTE_TRANSCRIPTION_TRACK_ID,
    TOPIC_TRANSCRIPTION,
)


async def send_caption(room: rtc.Room, text: str) -> None:
    """Show a sentence as the agent's; it is tied to the agent's voice, if that is published."""
    tracks = room.local_participant.track_publications.values()
    voice = [track.sid for track in tracks if track.kind == rtc.TrackKind.KIND_AUDIO]
    await room.local_participant.send_text(
        text,
        topic=TOPIC_TRANSCRIPTION,
        attributes={
            ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID: f"clip_{uuid.uuid4().hex[:8]}",
            ATTRIBUTE_TRANSCRIPTION_FINAL: "true",
            **({ATTRIBUTE_TRANSCRIPTION_TRACK_ID: voice[-1]} if voice else {}),
        },
    )
