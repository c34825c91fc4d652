"""What it costs a call that its sound is recorded.

    python -m scripts.bench.audio_recording [--duration 60]

cpu a second     computing of the whole process for each second of a call in real time, with and
                 without recording (`parley`, `baseline`), and sealed with a key.
frame            from the moment a frame is handed to the recorder until the event loop goes on.
frame, the worst the longest of them, which also waits for whatever else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from livekit import rtc

from agent.records.audio_files import AudioFiles
from agent.records.audio_recorder import AudioRecorder
from agent.records.sealing import Sealing, new_key
from agent.supervision.clips import ClipName, load_clip
from scripts.bench.results import BASELINE, PARLEY, Results, percentile, reported

FRAME_S = 0.02


def main() -> None:
    """Run the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="The cost of recording a call's sound.")
    parser.add_argument("--duration", type=float, default=60.0, help="of each call, in seconds")
    options = parser.parse_args()
    results = Results("audio_recording", {"duration_s": options.duration})
    with reported(results), tempfile.TemporaryDirectory() as name:
        for subject, key in ((BASELINE, ""), (PARLEY, ""), ("sealed", new_key())):
            begins = subject != BASELINE
            recorded = _record(Path(name) / subject, key, options.duration, begins=begins)
            cpu_s, frames_s = asyncio.run(recorded)
            results.add("cpu a second", subject, cpu_s / options.duration)
            if begins:
                for percent in (50, 99):
                    took_s = percentile(frames_s, percent)
                    print(f"  frame, p{percent}: {took_s * 1e6:.1f} us")
                    results.add("frame", subject, took_s, percentile=percent)
                results.add("frame, the worst", subject, max(frames_s))


async def _record(
    folder: Path, key: str, duration_s: float, *, begins: bool
) -> tuple[float, list[float]]:
    """The computing of a call in which both talk all the time, and what each frame took."""
    began_s = time.monotonic()
    recorder = AudioRecorder(
        AudioFiles(folder).path("call"),
        Sealing([key] if key else []),
        began_s=began_s,
        tell=lambda _: None,
    )
    if begins:
        recorder.begin()
    caller, agent = _speech(ClipName.SORRY), _speech(ClipName.GOODBYE)
    frames_s: list[float] = []
    cpu_s = time.process_time()
    for n in range(round(duration_s / FRAME_S)):
        await asyncio.sleep(max(began_s + n * FRAME_S - time.monotonic(), 0))
        heard, spoken = next(caller), next(agent)
        before_s = time.perf_counter()
        recorder.heard(heard)
        recorder.played(spoken, began_s + n * FRAME_S)
        frames_s.append((time.perf_counter() - before_s) / 2)
    cpu_s = time.process_time() - cpu_s
    await recorder.aclose()
    return cpu_s, frames_s


def _speech(name: ClipName) -> Iterator[rtc.AudioFrame]:
    return cycle([*load_clip(name, "en").frames()])


if __name__ == "__main__":
    main()
