"""A transcript with its times: verbose JSON, SubRip and WebVTT."""

from __future__ import annotations

from collections.abc import Collection

from openai.types.audio import TranscriptionSegment, TranscriptionVerbose, TranscriptionWord
from openai.types.audio.transcription_verbose import Usage

from agent.sandbox.ears import Segment, Transcript

_LANGUAGE_NAMES = {
    "ar": "arabic",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "he": "hebrew",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "uk": "ukrainian",
    "vi": "vietnamese",
    "zh": "chinese",
}
"""Verbose JSON names the language in English; one that is not here keeps its code."""


def verbose(transcript: Transcript, granularities: Collection[str]) -> TranscriptionVerbose:
    """The transcript with the times that were asked for; segments when nothing was."""
    answer = TranscriptionVerbose(
        text=transcript.text,
        language=_LANGUAGE_NAMES.get(transcript.language, transcript.language),
        duration=transcript.duration_s,
        usage=Usage(type="duration", seconds=round(transcript.duration_s, 2)),
    )
    if "word" in granularities:
        answer.words = [
            TranscriptionWord(word=word.text, start=word.start_s, end=word.end_s)
            for word in transcript.words
        ]
    if "segment" in granularities or not granularities:
        answer.segments = [
            _segment(place, segment) for place, segment in enumerate(transcript.segments)
        ]
    return answer


def _segment(place: int, segment: Segment) -> TranscriptionSegment:
    """The decoder's own figures are not kept; they are given as those of a sure segment."""
    return TranscriptionSegment(
        id=place,
        seek=0,
        start=segment.start_s,
        end=segment.end_s,
        text=segment.text,
        tokens=[],
        temperature=0.0,
        avg_logprob=0.0,
        compression_ratio=1.0,
        no_speech_prob=0.0,
    )


def srt(transcript: Transcript) -> str:
    """SubRip subtitles."""
    return "\n".join(
        f"{place}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{cue.text}\n"
        for place, cue in enumerate(transcript.segments, start=1)
    )


def vtt(transcript: Transcript) -> str:
    """WebVTT subtitles."""
    cues = (
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{cue.text}\n"
        for cue in transcript.segments
    )
    return "\n".join(["WEBVTT\n", *cues])


def _clock(time_s: float, mark: str) -> str:
    whole, milliseconds = divmod(round(time_s * 1000), 1000)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{milliseconds:03}"
