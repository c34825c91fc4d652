"""The words of a spoken reply, given out no faster than its sound arrives.

A provider sends the words of a reply well ahead of its sound. If the connection breaks between the
two, the words alone would enter the history as said although nobody heard them.
"""

from __future__ import annotations

import unicodedata

USUAL_CHARACTERS_PER_S = 15.0
"""English, read aloud at an ordinary pace; each finished reply corrects it to the voice in use."""
_WIDE_CHARACTERS = 3
"""A Chinese or Japanese character is spoken for about as long as three Latin ones."""
_SHORTEST_SAMPLE_S = 1.0


class TranscriptPace:
    """Holds words back until their sound is there. Where it is between two words it is the later
    one: a word that has begun to sound is out.
    """

    def __init__(self, characters_per_s: float = USUAL_CHARACTERS_PER_S) -> None:
        self._rate = characters_per_s
        self._item_id = ""
        self._begin("")

    def written(self, item_id: str, words: str) -> str:
        """Take words of an item; returns those that are due."""
        if item_id != self._item_id:
            self._begin(item_id)
        self._held += words
        self._written += _length(words)
        return self._due()

    def spoken(self, item_id: str, seconds: float) -> str:
        """Take sound of an item; returns the words that are due with it."""
        if item_id != self._item_id:
            self._begin(item_id)
        self._spoken_s += seconds
        return self._due()

    def finished(self, item_id: str, *, is_complete: bool) -> str:
        """The rest of an item that is complete; of one that was cut off, or that came without its
        sound, nothing more.
        """
        if item_id != self._item_id:
            return ""
        rest = self._held if is_complete and self._spoken_s > 0 else ""
        if is_complete and self._spoken_s >= _SHORTEST_SAMPLE_S and self._written:
            self._rate = self._written / self._spoken_s
        self._begin("")
        return rest

    def _begin(self, item_id: str) -> None:
        self._item_id = item_id
        self._held = ""
        self._written = 0
        self._given = 0
        self._spoken_s = 0.0

    def _due(self) -> str:
        if self._spoken_s == 0:
            return ""
        end = 0
        given = self._given
        reached = self._spoken_s * self._rate
        while end < len(self._held) and (given < reached or not _ends_word(self._held, end)):
            given += _length(self._held[end])
            end += 1
        due, self._held = self._held[:end], self._held[end:]
        self._given = given
        return due


def _ends_word(text: str, end: int) -> bool:
    """Whether a cut before this character splits no word."""
    return text[end].isspace() or _is_wide(text[end])


def _length(text: str) -> int:
    return sum(_WIDE_CHARACTERS if _is_wide(character) else 1 for character in text)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")
