"""The sentence a caller hears when nothing else can speak: a recording, played directly."""

from __future__ import annotations

import asyncio
import logging
import uuid
import wave
from importlib import resources

from livekit import rtc

logger = logging.getLogger(__name__)

SENTENCE = "I am sorry, we cannot take this call right now. Please try again later. Goodbye."
"""What the recording says. It was made with `flite -voice slt`, at 24 kHz mono."""

_FRAME_S = 0.02
_SUBSCRIBE_TIMEOUT_S = 5.0


async def say_last_words(room: rtc.Room) -> None:
    """Play the recording into a room and return when it was heard, about seven seconds later.

    Needs no provider and no session. The words are also sent as a caption, so a caller with the
    sound off reads them. If nobody subscribes within five seconds it plays all the same: the
    framework cannot tell whether a phone listens.
    """
    with resources.files(__package__).joinpath("clips", "sorry.en.wav").open("rb") as file:
        rate_hz, samples = _read(file)
    source = rtc.AudioSource(rate_hz, 1)
    track = rtc.LocalAudioTrack.create_audio_track("last_words", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    try:
        publication = await room.local_participant.publish_track(track, options)
        await room.local_participant.set_attributes({"lk.agent.state": "speaking"})
        await _subscribed(publication)
        await room.local_participant.send_text(
            SENTENCE,
            topic="lk.transcription",
            attributes={
                "lk.segment_id": f"last_words_{uuid.uuid4().hex[:8]}",
                "lk.transcribed_track_id": publication.sid,
                "lk.transcription_final": "true",
            },
        )
        step_bytes = 2 * round(rate_hz * _FRAME_S)
        for start in range(0, len(samples), step_bytes):
            frame = samples[start : start + step_bytes]
            await source.capture_frame(rtc.AudioFrame(frame, rate_hz, 1, len(frame) // 2))
        await source.wait_for_playout()
    finally:
        await source.aclose()


def _read(file: object) -> tuple[int, bytes]:
    with wave.open(file) as clip:  # type: ignore[call-overload]
        rate_hz: int = clip.getframerate()
        # A little silence first: the first packets of a new track are often not heard.
        lead_in = bytes(2 * round(rate_hz * 0.3))
        return rate_hz, lead_in + clip.readframes(clip.getnframes()) + lead_in


async def _subscribed(publication: rtc.LocalTrackPublication) -> None:
    try:
        await asyncio.wait_for(publication.wait_for_subscription(), _SUBSCRIBE_TIMEOUT_S)
    except TimeoutError:
        logger.warning("nobody subscribed to the agent's last words in time")
