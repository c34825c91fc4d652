"""The sentence a caller hears when nothing else can speak: a recording, played directly."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from livekit import rtc

from agent.call.events import ClipPlayed
from agent.supervision.captions import send_caption
from agent.supervision.clips import SPOKEN_LANGUAGE, ClipName, load_clip

logger = logging.getLogger(__name__)

_LEAD_IN_S = 0.3
_SUBSCRIBE_TIMEOUT_S = 5.0


OnPlayed = Callable[[rtc.AudioFrame, float], None]
"""Is told that a frame will sound from a moment of the monotonic clock on."""


async def say_last_words(
    room: rtc.Room, language: str = SPOKEN_LANGUAGE, *, on_played: OnPlayed | None = None
) -> ClipPlayed:
    """Play the apology into a room and return when it was heard, about seven seconds later.

    Needs no provider and no session. The words are also sent as a caption, so a caller with the
    sound off reads them. If nobody subscribes within five seconds it plays all the same: the
    framework cannot tell whether a phone listens.
    """
    clip = load_clip(ClipName.SORRY, language)
    source = rtc.AudioSource(clip.rate_hz, 1)
    track = rtc.LocalAudioTrack.create_audio_track("last_words", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    # The first packets of a new track are often not heard, nor the last of one that goes.
    silence = rtc.AudioFrame.create(clip.rate_hz, 1, round(clip.rate_hz * _LEAD_IN_S))
    try:
        publication = await room.local_participant.publish_track(track, options)
        await room.local_participant.set_attributes({"lk.agent.state": "speaking"})
        await _subscribed(publication)
        await send_caption(room, clip.text)
        for frame in (silence, *clip.frames(), silence):
            if on_played is not None:
                on_played(frame, time.monotonic() + source.queued_duration)
            await source.capture_frame(frame)
        await source.wait_for_playout()
    finally:
        await source.aclose()
    return ClipPlayed(clip.name.value, clip.text, whole=True)


async def _subscribed(publication: rtc.LocalTrackPublication) -> None:
    try:
        await asyncio.wait_for(publication.wait_for_subscription(), _SUBSCRIBE_TIMEOUT_S)
    except TimeoutError:
        logger.warning("nobody subscribed to the agent's last words in time")
