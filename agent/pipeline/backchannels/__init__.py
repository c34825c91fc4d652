"""Backchannels: what a listener says to show that they listen, without wanting to speak.

One text file a language, `en.txt` for English in all its regions: a phrase a line, comments after
`#`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from agent.errors import SettingsError

MAX_IN_A_ROW = 3
"""Of phrases from the list: "yeah, yeah, okay" still listens, more wants to be heard."""

_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}$")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")


class Backchannels:
    """The phrases of one language."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = frozenset(words for phrase in phrases if (words := words_of(phrase)))
        self._longest = max((len(words) for words in self._phrases), default=0)

    def __contains__(self, text: str) -> bool:
        """Whether the text is nothing but one to MAX_IN_A_ROW of the phrases."""
        words = words_of(text)
        return bool(words) and self._made_of(words, MAX_IN_A_ROW)

    def __len__(self) -> int:
        return len(self._phrases)

    def _made_of(self, words: tuple[str, ...], at_most: int) -> bool:
        if not words:
            return True
        return at_most > 0 and any(
            words[:length] in self._phrases and self._made_of(words[length:], at_most - 1)
            for length in range(1, self._longest + 1)
        )


def words_of(text: str) -> tuple[str, ...]:
    """Lower-case words without punctuation; letters drawn out are as one: "mmmhm" is "mhm"."""
    plain = _DRAWN_OUT.sub(r"\1", text.lower().replace("'", "").replace("’", ""))
    return tuple(re.findall(r"\w+", plain))


def load_backchannels(language: str, folder: Path | None) -> Backchannels:
    """The list for a language tag such as "en-GB": the folder's, else the bundled one. A language
    without a list has no backchannels: every word of the caller is then taken for a turn.

    Raises:
        SettingsError: when the folder's list cannot be read.
    """
    name = f"{language.partition('-')[0].lower()}.txt"
    if not _LANGUAGE.match(name.removesuffix(".txt")):
        return Backchannels(())
    own = folder / name if folder else None
    if own is not None and own.exists():
        try:
            return Backchannels(_lines(own.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as fault:
            raise SettingsError([f"PARLEY_BACKCHANNELS_FOLDER: {name}: {fault}"]) from fault
    bundled = resources.files(__package__).joinpath(name)
    return Backchannels(_lines(bundled.read_text(encoding="utf-8")) if bundled.is_file() else ())


def _lines(text: str) -> Iterable[str]:
    return (line.partition("#")[0].strip() for line in text.splitlines())
