"""Records what is heard in one call, off the call's path: frames wait in memory for a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from livekit import rtc

from agent.call.record import AudioNoted
from agent.records.audio_writing import STEP_S, Sound, SoundWriter
from agent.records.sealing import Sealing

logger = logging.getLogger(__name__)

MOST_WAITING = 4_000
"""Frames, about a minute's. The disk has been stuck as long, and what comes is left out."""
CLOSE_LIMIT_S = 10.0


class AudioRecorder:
    """Records one call from `begin` on. What comes before is not kept: until then the file, whose
    clock is the record's, is silent. It needs a running loop, and is closed after the call.

    None of its methods but `aclose` takes any time, and none fails: a call goes on without it.

    Args:
        path: Where the file is to be, see AudioFiles.
        sealing: With keys, the file is sealed.
        began_s: When the record began, on the monotonic clock.
        tell: Is told in the loop what becomes of it.
        clock: The monotonic one.
    """

    def __init__(
        self,
        path: Path,
        sealing: Sealing,
        *,
        began_s: float,
        tell: Callable[[AudioNoted], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._sealing = sealing
        self._began_s = began_s
        self._tell = tell
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._frames: deque[Sound] = deque()
        self._left_out = 0
        self._takes = False
        self._closing = threading.Event()
        self._discards = False
        # A daemon, so that a disk that hangs does not keep the process.
        self._thread = threading.Thread(target=self._run, name="audio recorder", daemon=True)

    def begin(self) -> None:
        """Keep what is heard from now on. Repeated, or after the end, it does nothing."""
        if not self._thread.ident and not self._closing.is_set():
            self._takes = True
            self._thread.start()

    def heard(self, frame: rtc.AudioFrame) -> None:
        """The caller's next frame has come."""
        if self._takes:
            self._take("heard", None, frame)

    def played(self, frame: rtc.AudioFrame, at_s: float) -> None:
        """The agent's next frame sounds at a moment of the monotonic clock."""
        if self._takes:
            self._take("played", at_s - self._began_s, frame)

    def cut(self, at_s: float) -> None:
        """What the agent was going to say after a moment was taken back."""
        if self._takes:
            self._frames.append(Sound("cut", self._now(), at_s - self._began_s))

    def discard(self) -> None:
        """End, and keep nothing of it."""
        self._discards = True
        self._end()

    async def aclose(self) -> None:
        """Write the rest."""
        self._end()
        if self._thread.ident:
            await asyncio.to_thread(self._thread.join, CLOSE_LIMIT_S)
        if self._left_out:
            logger.warning("parts of a call's sound are missing", extra={"frames": self._left_out})

    def _now(self) -> float:
        return self._clock() - self._began_s

    def _end(self) -> None:
        self._takes = False
        self._closing.set()

    def _take(
        self, kind: Literal["heard", "played"], at_s: float | None, frame: rtc.AudioFrame
    ) -> None:
        if len(self._frames) >= MOST_WAITING:
            self._left_out += 1
            return
        now_s = self._now()
        samples, rate_hz = bytes(frame.data), frame.sample_rate  # whoever gave it may change it
        at_s = now_s if at_s is None else at_s
        self._frames.append(Sound(kind, now_s, at_s, rate_hz, samples, frame.num_channels))

    # In the thread

    def _run(self) -> None:
        writing = SoundWriter(self._path, self._sealing, lambda: self._say(AudioNoted("begun")))
        try:
            self._work(writing)
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        except Exception as error:  # the edge of the thread: a call must not end over it
            logger.exception("a call's sound cannot be encoded")
            self._fail(type(error).__name__)
        self._closing.wait()  # what has failed may yet have to go
        if self._discards:
            self._delete(writing)

    def _work(self, writing: SoundWriter) -> None:
        try:
            while not self._closing.wait(STEP_S):
                self._bring(writing)
            if not self._discards:
                self._bring(writing)
                writing.finish()
        finally:
            writing.close()

    def _bring(self, writing: SoundWriter) -> None:
        now_s = self._now()  # read first: what has come by then is among the frames
        while self._frames and not self._discards:
            writing.take(self._frames.popleft())
        if not self._discards:
            writing.up_to(now_s)

    def _delete(self, writing: SoundWriter) -> None:
        try:
            if writing.remove():
                self._say(AudioNoted("deleted"))
        except OSError as error:
            logger.error("a call's sound could not be deleted", extra={"error": error.strerror})  # noqa: TRY400
            self._say(AudioNoted("failed", error.strerror or type(error).__name__))

    def _fail(self, error: str) -> None:
        self._takes = False
        self._frames.clear()
        logger.error("a call's sound is recorded no further", extra={"error": error})
        self._say(AudioNoted("failed", error))

    def _say(self, event: AudioNoted) -> None:
        try:
            self._loop.call_soon_threadsafe(self._tell, event)
        except RuntimeError:
            logger.info("the call was over before its sound was")  # the loop is closed
