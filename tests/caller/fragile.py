"""A caller in a process of its own, to be stopped or killed: `python -m tests.caller.fragile URL
TOKEN`. It prints a line when it has joined, and one when it is first spoken to.
"""

from __future__ import annotations

import asyncio
import sys

from livekit import rtc

from tests.caller.ear import Ear
from tests.caller.microphone import Microphone

JOINED = "joined"
SPOKEN_TO = "spoken to"


async def call(url: str, token: str) -> None:
    """Be on the line until the process ends."""
    room, ear, microphone = rtc.Room(), Ear(), Microphone()

    @room.on("track_subscribed")
    def _on_track(track: rtc.Track, *_: object) -> None:
        ear.listen(track)

    await room.connect(url, token)
    microphone.start()
    track = rtc.LocalAudioTrack.create_audio_track("microphone", microphone.source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    print(JOINED, flush=True)
    await ear.until(lambda: bool(ear.spans), 30.0)
    print(SPOKEN_TO, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(call(*sys.argv[1:]))
