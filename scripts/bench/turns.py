"""Taking turns: what ends a reply and what must not, and how often a caller is cut off.

    python -m scripts.bench.turns overlaps [--sounds 60] [--pipeline cascade] [--subject parley]
    python -m scripts.bench.turns barge-in [--interruptions 20] [--pipeline cascade]
    python -m scripts.bench.turns cut-offs [--utterances 60] [--voices slt,rms] [--only balanced]

overlaps   60 sounds over a long reply: backchannels in the voices of flite and espeak, and noises
           (coughs, sneezes, doors, keyboards). Of each: whether the reply was ended; how long the
           agent was silent (0 when it never fell silent for 0.3 s); from the sound's last audible
           sample to the agent's next; and how much of the reply was skipped (negative: repeated),
           by aligning 0.7 s of audio on both sides of the gap with the undisturbed reply. At the
           end of a reply, its words are recognised and compared with the undisturbed reply's. The
           recogniser of the agent is scripted: it understands each sound rightly, noises as
           nothing, so that turn-taking is measured and not recognition.
barge-in   as in `scripts.bench.latency`.
cut-offs   60 utterances, a pause of 0.3 to 1.2 s after an incomplete phrase in each, heard in real
           time by sessions without a room: Parley's profiles, the framework's defaults, and silence
           alone (the framework's `vad` mode; the provider's `server_vad`), in both pipelines. A
           pause is cut off when the session ends the turn before the utterance is over: it takes
           the user's message into the conversation, or the provider commits the audio. Latency is
           from the last voiced sample to the end of the turn; `answer` goes on to the first audio
           of the answer. The provider claims to hear the words as they were said so far. Then the
           sweep of `scripts.bench.pauses`: what the best of all policies could make of the local
           model's answers, by eot-bench's formula. A session hears a sixth of the utterances, so
           `dynamic` delays learn from its caller's pauses. --voices takes flite's names, or those
           of the provider's espeak: nova, echo, ballad. --only picks rows by a part of their name.

Results go to bench-results/ as JSON, and the curve as SVG where matplotlib is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from scripts.bench.latency import measure_barge_ins
from scripts.bench.overlaps import measure_overlaps
from scripts.bench.pauses import sweep
from scripts.bench.recordings import FLITE_VOICES, recordings
from scripts.bench.results import PARLEY, Results, reported
from scripts.bench.sounds import sounds
from scripts.bench.subjects import COMMANDS, DELAYS, PIPELINES, subjects
from scripts.bench.turn_ends import measure_turn_ends, named, plot, providers


def main() -> None:
    """Run a part of the bench and print, then write, its figures."""
    parser = argparse.ArgumentParser(description="Interruptions, backchannels, early cut-offs.")
    parser.add_argument("part", choices=("overlaps", "barge-in", "cut-offs"))
    parser.add_argument("--sounds", type=int, default=60, help="how many of the 60 sounds")
    parser.add_argument("--first", type=int, default=0, help="the first of them to play")
    parser.add_argument("--interruptions", type=int, default=20)
    parser.add_argument("--utterances", type=int, default=60)
    parser.add_argument("--voices", default=",".join(FLITE_VOICES))
    parser.add_argument("--only", action="append")
    parser.add_argument("--pipeline", choices=PIPELINES, action="append")
    parser.add_argument("--subject", choices=tuple(COMMANDS), action="append")
    options = parser.parse_args()
    if options.part == "cut-offs":
        cut_offs(options)
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


def cut_offs(options: argparse.Namespace) -> None:
    """Print and write the figures of the pauses."""
    results = Results("turns-cut-offs", {**vars(options), "provider_delays": DELAYS})
    with providers() as running:
        heard = recordings(running[0], options.utterances, options.voices.split(","))
        measured = measure_turn_ends(named(options.only), heard, running)
        swept = sweep(heard)
    results.settings |= {"candidates": measured, "sweep": swept}
    path = results.write()
    try:
        plot(measured, swept, path.with_suffix(".svg"))
    except ImportError:
        print("no plot: matplotlib comes with `uv sync --group bench`")


if __name__ == "__main__":
    main()
