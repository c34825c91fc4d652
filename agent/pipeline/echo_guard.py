"""Tells the agent's own voice, come back through a microphone, from the caller's words."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from livekit.agents.voice.io import TextOutput
from rapidfuzz import fuzz

from agent.pipeline.backchannels import words_of

ECHO_LIKENESS = 88.0
"""Least likeness, 0 to 100, of what was understood with the agent's own words around that moment: a
recogniser that mishears a letter in eight still counts.
"""
WINDOW_BEFORE_S = 2.0
WINDOW_AFTER_S = 1.0
"""Around the heard stretch: captions run up to a second ahead of or behind the voice."""
MEMORY_S = 30.0


@dataclass(frozen=True, slots=True)
class _Spoken:
    at_s: float
    text: str


class SpokenWords(TextOutput):
    """Remembers which words the agent spoke when: the end of the chain of its captions, which are
    sent word by word as they sound.
    """

    def __init__(self) -> None:
        super().__init__(label="SpokenWords", next_in_chain=None)
        self._spoken: deque[_Spoken] = deque()

    async def capture_text(self, text: str) -> None:
        """See TextOutput."""
        self.note(text, time.monotonic())

    def flush(self) -> None:
        """See TextOutput; a reply's end needs no mark here."""

    def note(self, text: str, at_s: float) -> None:
        """Take a word or more that sounded at a moment of the monotonic clock."""
        self._spoken.append(_Spoken(at_s, text))
        while self._spoken[0].at_s < at_s - MEMORY_S:
            self._spoken.popleft()

    def between(self, start_s: float, end_s: float) -> str:
        """What was said between two moments of the monotonic clock."""
        return "".join(word.text for word in self._spoken if start_s <= word.at_s <= end_s)

    def is_echo(self, text: str, start_s: float, end_s: float) -> bool:
        """Whether `text`, heard between these moments, is what the agent was saying."""
        heard = " ".join(words_of(text))
        said = words_of(self.between(start_s - WINDOW_BEFORE_S, end_s + WINDOW_AFTER_S))
        count = heard.count(" ") + 1
        if not heard or len(said) < count:
            return False
        if count == 1:
            return heard in said
        runs = (" ".join(said[i : i + count]) for i in range(len(said) - count + 1))
        return max(fuzz.ratio(heard, run) for run in runs) >= ECHO_LIKENESS
