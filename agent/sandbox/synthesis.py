"""What synthesisers share: cutting text, bringing audio out of their threads, changing its rate."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor

import numpy as np
import soxr
from numpy.typing import NDArray

_LONGEST_PASSAGE_CHARS = 400
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")
_PAUSE = re.compile(r"(?<=[,;:，；：])\s*|\s+")

KeepGoing = Callable[[bytes], bool]
"""Takes a chunk of audio out of the thread; False means that nobody wants more."""


def passages(text: str) -> Iterator[str]:
    """A text in pieces that can be spoken one by one: sentences, and the parts of very long ones.

    Other speakers get their turn between two, and one that is cancelled stops there at the latest.
    """
    for sentence in _SENTENCE_END.split(text.replace("\0", " ")):
        piece = ""
        for part in (
            _PAUSE.split(sentence) if len(sentence) > _LONGEST_PASSAGE_CHARS else [sentence]
        ):
            if piece and len(piece) + len(part) > _LONGEST_PASSAGE_CHARS:
                yield piece
                piece = ""
            piece = f"{piece} {part}".strip()
        # A word beyond any length is cut: nobody can wait for its end.
        for start in range(0, len(piece), _LONGEST_PASSAGE_CHARS):
            yield piece[start : start + _LONGEST_PASSAGE_CHARS]


async def made_in_thread(
    threads: Executor, make: Callable[[KeepGoing], None]
) -> AsyncGenerator[bytes, None]:
    """The chunks that `make` hands out in a thread, as it makes them.

    The thread runs ahead of the reader, so give it one passage at a time. Closing the generator
    makes its next chunk the last.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    abandoned = threading.Event()

    def keep_going(chunk: bytes) -> bool:
        if abandoned.is_set():
            return False
        loop.call_soon_threadsafe(chunks.put_nowait, chunk)
        return True

    def work() -> None:
        if not abandoned.is_set():
            make(keep_going)

    working = loop.run_in_executor(threads, work)
    # The loop's callbacks run in order, so this mark of the end comes after the last chunk.
    working.add_done_callback(lambda _: chunks.put_nowait(b""))
    try:
        while chunk := await chunks.get():
            yield chunk
        await working
    finally:
        abandoned.set()


class Resampler:
    """Int16 mono from one rate to another, without seams between the chunks."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16")

    def push(self, chunk: bytes) -> bytes:
        """What can be told so far; a few milliseconds stay inside."""
        return self._resampled(np.frombuffer(chunk, np.int16), last=False)

    def finish(self) -> bytes:
        """The rest."""
        return self._resampled(np.empty(0, np.int16), last=True)

    def _resampled(self, samples: NDArray[np.int16], *, last: bool) -> bytes:
        resampled: bytes = self._stream.resample_chunk(samples, last=last).tobytes()
        return resampled
