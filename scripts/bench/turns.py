"""Taking turns: what ends a reply and what must not, and how often a caller is cut off.

    python -m scripts.bench.turns overlaps [--sounds 60] [--pipeline cascade] [--subject parley]
    python -m scripts.bench.turns barge-in [--interruptions 20] [--pipeline cascade]
    python -m scripts.bench.turns cut-offs [--utterances 60]

overlaps   60 sounds over a long reply: backchannels in the voices of flite and espeak, and noises
           (coughs, sneezes, doors, keyboards). Of each: whether the reply was ended; how long the
           agent was silent (0 when it never fell silent for 0.3 s); from the sound's last audible
           sample to the agent's next; and how much of the reply was skipped (negative: repeated),
           by aligning 0.7 s of audio on both sides of the gap with the undisturbed reply. At the
           end of a reply, its words are recognised and compared with the undisturbed reply's. The
           recogniser of the agent is scripted: it understands each sound rightly, noises as
           nothing, so that turn-taking is measured and not recognition.
barge-in   as in `scripts.bench.latency`.
cut-offs   60 utterances of flite's, a pause of 0.3 to 1.2 s after an incomplete phrase in each. The
           local turn detector is asked by its own stream, as in a call, after 0.2 s of each pause
           and of each end, three times. From its probabilities follows when a turn ends under any
           delays, by the framework's rule: so much silence where it is above the threshold, so much
           where it is below, and at least what the voice activity detector waits for. Reported: for
           each profile, for the framework's defaults and for silence alone, the share of pauses in
           which the turn would end (cut-offs) and the silence before it does at true ends; and the
           best that any delays could do, as a curve, with the cut-offs at a mean latency of 0.3 and
           0.6 s, which is how LiveKit's eot-bench sums such a curve up. No provider is involved, so
           it runs faster than real time; `dynamic` delays, which move within a profile's bounds
           with the caller's own pauses, are taken at the bounds. Parley's own judgement on top of
           the detector (words in the cascade, repeated looks in realtime) is not in it: a profile's
           row says what its delays alone do.

Results go to bench-results/ as JSON, and the curve as SVG where matplotlib is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from scripts.bench.latency import measure_barge_ins
from scripts.bench.overlaps import measure_overlaps
from scripts.bench.pauses import measure_cut_offs, plot
from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.sounds import sounds
from scripts.bench.subjects import COMMANDS, DELAYS, PIPELINES, subjects


def main() -> None:
    """Run a part of the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Interruptions, backchannels, early cut-offs.")
    parser.add_argument("part", choices=("overlaps", "barge-in", "cut-offs"))
    parser.add_argument("--sounds", type=int, default=60, help="how many of the 60 sounds")
    parser.add_argument("--first", type=int, default=0, help="the first of them to play")
    parser.add_argument("--interruptions", type=int, default=20)
    parser.add_argument("--utterances", type=int, default=60)
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    parser.add_argument("--subject", choices=tuple(COMMANDS), action="append")
    options = parser.parse_args()
    if options.part == "cut-offs":
        cut_offs(options.utterances)
        return
    results = Results(f"turns-{options.part}", {**vars(options), "provider_delays": DELAYS})
    with (
        reported(results),
        tempfile.TemporaryDirectory() as folder,
        subjects(Path(folder)) as running,
    ):
        for pipeline in options.pipeline or PIPELINES:
            if options.part == "barge-in":
                asyncio.run(measure_barge_ins(running, pipeline, options.interruptions, results))
                continue
            chosen = sounds(running.provider)[options.first : options.first + options.sounds]
            for subject in options.subject or (PARLEY,):
                asyncio.run(measure_overlaps(running, subject, pipeline, chosen, results))


def cut_offs(count: int) -> None:
    """Print and write the figures of the pauses."""
    results = Results("turns-cut-offs", {"utterances": count})
    measured = asyncio.run(measure_cut_offs(count))
    results.settings["measured"] = measured
    path = results.write()
    try:
        plot(measured, path.with_suffix(".svg"))
    except ImportError:
        print("no plot: matplotlib comes with `uv sync --group bench`")


if __name__ == "__main__":
    main()
