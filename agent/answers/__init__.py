"""What callers say to a question that must be agreed to: yes, no, or neither clearly.

One text file a language, `en.txt` for English in all its regions: a phrase a line under `[yes]`,
`[no]` and `[beside]`, comments after `#`. What is beside the point may stand next to either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal, get_args

from agent.call.language import primary_subtag
from agent.errors import SettingsError

Heading = Literal["yes", "no", "beside"]
Phrase = tuple[str, ...]

DEFAULT_LANGUAGE = "en"
"""Whose phrases are taken for a language that has no list: "okay" is understood far and wide."""
MAX_WORDS = 30
"""Whoever says more than this to a yes-or-no question says something else besides."""

_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}$")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")
_HEADING = re.compile(r"^\[(\w+)\]$")


class Answer(StrEnum):
    """What a caller's turn says to the question."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Answers:
    """The phrases of one language."""

    def __init__(self, phrases: Mapping[Heading, Iterable[str]]) -> None:
        self._headings: dict[Phrase, Heading] = {}
        for heading in get_args(Heading):
            for phrase in phrases.get(heading, ()):
                if words := words_of(phrase):
                    self._headings[words] = heading
        self._longest = max((len(phrase) for phrase in self._headings), default=0)

    def judge(self, said: str, question: str = "") -> Answer:
        """What a turn says. It is a yes only if it consists of nothing but phrases of the list and
        words of the question: "yes, on Tuesday" after "Shall I book Tuesday?" is one, "yes, but on
        Friday" is none. A no anywhere makes it a no, unless there is a yes as well.
        """
        words = words_of(said)
        if not words or len(words) > MAX_WORDS:
            return Answer.UNCLEAR
        found = set(self._parts(words, frozenset(words_of(question))))
        if "no" in found:
            return Answer.UNCLEAR if "yes" in found else Answer.NO
        return Answer.YES if "yes" in found and "else" not in found else Answer.UNCLEAR

    def _parts(self, words: Phrase, asked: frozenset[str]) -> Iterator[str]:
        """The heading of each part of a turn, the longest phrase first."""
        place = 0
        while place < len(words):
            phrase = self._phrase_at(words, place)
            if phrase:
                yield self._headings[phrase]
            else:
                yield "beside" if words[place] in asked else "else"
            place += len(phrase) or 1

    def _phrase_at(self, words: Phrase, place: int) -> Phrase:
        for length in range(min(self._longest, len(words) - place), 0, -1):
            phrase = words[place : place + length]
            if phrase in self._headings:
                return phrase
        return ()


def words_of(text: str) -> Phrase:
    """Lower-case words without punctuation; letters drawn out are as one: "yesss" is "yes"."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _DRAWN_OUT.sub(r"\1", plain.replace("'", "").replace("’", ""))
    return tuple(re.findall(r"\w+", plain))


@cache
def load_answers(language: str, folder: Path | None = None) -> Answers:
    """The list for a language tag such as "en-GB": the folder's, else the bundled one, else the
    bundled one in English.

    Raises:
        SettingsError: when the folder's list cannot be read.
    """
    tag = primary_subtag(language)
    name = f"{tag if _LANGUAGE.match(tag) else DEFAULT_LANGUAGE}.txt"
    own = folder / name if folder else None
    if own is not None and own.exists():
        try:
            return Answers(_sections(own.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, ValueError) as fault:
            raise SettingsError([f"PARLEY_ANSWERS_FOLDER: {name}: {fault}"]) from fault
    bundled = resources.files(__package__).joinpath(name)
    if not bundled.is_file():
        bundled = resources.files(__package__).joinpath(f"{DEFAULT_LANGUAGE}.txt")
    return Answers(_sections(bundled.read_text(encoding="utf-8")))


def check_answers(folder: Path | None) -> None:
    """See that every list of a folder can be read: a fault in one is a fault at start.

    Raises:
        SettingsError: naming the files.
    """
    if folder is None:
        return
    if not folder.is_dir():
        raise SettingsError(["PARLEY_ANSWERS_FOLDER: is not a folder"])
    faults: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        try:
            load_answers(path.stem, folder)
        except SettingsError as error:
            faults += error.faults
    if faults:
        raise SettingsError(faults)


def _sections(text: str) -> dict[Heading, list[str]]:
    sections: dict[Heading, list[str]] = {"yes": [], "no": [], "beside": []}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if heading := _HEADING.match(entry):
            if heading[1] not in sections:
                raise ValueError(f"line {number}: there are [yes], [no] and [beside]")
            current = sections[heading[1]]
        elif entry and current is None:
            raise ValueError(f"line {number}: stands under no heading")
        elif entry and current is not None:
            current.append(entry)
    return sections
