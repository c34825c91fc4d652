"""The spare ears: pocketsphinx, whose American English model comes in its wheel."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.sandbox.ears import (
    HEARING_RATE_HZ,
    EarsError,
    Segment,
    Transcript,
    for_hearing,
)

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_FRAMES_PER_S = 100
_NOT_WORDS = ("<s>", "</s>", "<sil>", "[NOISE]", "[SPEECH]")


class PocketsphinxEars:
    """Pocketsphinx in one process of its own: it holds the GIL for as long as it listens
    (0.1 to 0.5 s for a sentence), which in a thread would stop the event loop.
    """

    name = "pocketsphinx"

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
        )

    async def warm(self) -> None:
        """Start the process and load the model."""
        await self._listen(np.zeros(HEARING_RATE_HZ, dtype=np.int16))

    async def transcribe(
        self,
        samples: NDArray[np.int16],
        *,
        sample_rate_hz: int,
        language: str | None = None,
        prompt: str | None = None,
        word_times: bool = False,
    ) -> Transcript:
        """As in Ears; always English, in lower case and without punctuation."""
        heard = await asyncio.to_thread(for_hearing, samples, sample_rate_hz)
        words = await self._listen(heard) if len(heard) else ()
        text = " ".join(word.text for word in words)
        return Transcript(
            text=text,
            language="en",
            duration_s=len(samples) / sample_rate_hz,
            segments=(Segment(text, words[0].start_s, words[-1].end_s),) if words else (),
            words=words if word_times else (),
        )

    def close(self) -> None:
        """End the process."""
        for process in list((self._process._processes or {}).values()):
            process.kill()
        self._process.shutdown(wait=True, cancel_futures=True)

    async def _listen(self, samples: NDArray[np.int16]) -> tuple[Segment, ...]:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._process, _recognise, samples.tobytes()
            )
        except (BrokenProcessPool, ImportError) as fault:
            raise EarsError(f"pocketsphinx does not run here: {fault}") from fault


def _begin() -> None:
    """Make this process end with its parent, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(0)

        threading.Thread(target=follow, name="follow-parent", daemon=True).start()


@cache
def _decoder() -> Decoder:
    from pocketsphinx import Decoder

    return Decoder(samprate=HEARING_RATE_HZ, loglevel="FATAL")


def _recognise(pcm: bytes) -> tuple[Segment, ...]:
    decoder = _decoder()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    return tuple(
        Segment(
            # A second pronunciation of a word is written "the(2)".
            text=part.word.split("(")[0],
            start_s=part.start_frame / _FRAMES_PER_S,
            end_s=(part.end_frame + 1) / _FRAMES_PER_S,
        )
        for part in (decoder.seg() or ())
        if part.word not in _NOT_WORDS
    )
