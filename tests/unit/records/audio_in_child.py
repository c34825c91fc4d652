"""Records a call of two tones in real time, plain and sealed, until it is killed; tells how long it
has lasted. With a limit, no file may be larger; once none can grow, the sealed one is discarded.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import time
from pathlib import Path

from agent.call.record import AudioNoted
from agent.records.audio_files import AudioFiles
from agent.records.audio_recorder import AudioRecorder
from agent.records.sealing import Sealing
from tests.unit.records.tones import AGENT_HZ, CALLER_HZ, FRAME_S, tone


async def main(folder: Path, key: str, limit_bytes: int) -> None:
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    files, began_s = AudioFiles(folder), time.monotonic()
    told: list[str] = []

    def tell(event: AudioNoted) -> None:
        told.append(event.state)
        print(event.state, event.error, flush=True)

    recorders = [
        AudioRecorder(files.path(name), sealing, began_s=began_s, tell=tell)
        for name, sealing in (("plain", Sealing()), ("sealed", Sealing([key])))
    ]
    for recorder in recorders:
        recorder.begin()
    n = 0
    while True:
        n += 1
        await asyncio.sleep(max(began_s + n * FRAME_S - time.monotonic(), 0))
        for recorder in recorders:
            recorder.heard(tone(CALLER_HZ, n * FRAME_S, rate_hz=16_000))
            recorder.played(tone(AGENT_HZ, n * FRAME_S), began_s + n * FRAME_S)
        if told.count("failed") == len(recorders):
            recorders[-1].discard()
        print(f"{time.monotonic() - began_s:.3f}", flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
