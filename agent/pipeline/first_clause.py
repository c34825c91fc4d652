"""Where the first words of a reply may be spoken: at the first complete clause.

Text-to-speech that takes whole texts waits for a whole sentence, and the framework's splitter for
the beginning of the next one too. Here the first clause is handed over as soon as it is complete,
and what follows by whole sentences, of which there is time enough while the first is heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from livekit.agents import tokenize
from livekit.agents.tokenize.tokenizer import SentenceStream

from agent.call.language import primary_subtag

SENTENCE_MARKS = ".!?…。！？؟۔।॥"
CLAUSE_MARKS = ",;:—–，、；：،؛"
UNSPACED_MARKS = frozenset("。！？，、；：")
"""Marks after which no space follows, in Chinese and Japanese."""
CLOSERS = "\"'”’»)]』」"

MIN_SENTENCE_CHARACTERS = 10
MIN_CLAUSE_CHARACTERS = 24
"""About 1.5 s of speech: time to make the next sentence, and enough for a natural melody."""
MIN_UNSPACED_CHARACTERS = 8
"""The same in Chinese and Japanese, where a character is a syllable or more."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABBREVIATIONS: Mapping[str, frozenset[str]] = {
    "en": _words(
        "mr mrs ms dr prof st jr sr vs etc inc ltd co corp dept est approx vol mt ave blvd"
        " jan feb mar apr jun jul aug sep sept oct nov dec"
    ),
    "de": _words("dr prof hr fr str nr bzw ca evtl ggf usw inkl zzgl tel abs art st"),
    "fr": _words("m mm mme mlle dr pr st ste av bd env etc tél"),
    "es": _words("sr sra srta dr dra prof ud uds av avda etc núm tel pág"),
    "it": _words("sig sigg dott prof avv ing ecc tel num pag"),
    "pt": _words("sr sra dr dra prof av etc núm tel pág"),
    "nl": _words("dhr mevr dr prof mr drs bijv enz nr tel ca"),
}
"""Words that a full stop does not end a sentence after, without the stop, in lower case."""
ORDINAL_STOP = _words("de da no nb nn fi cs sk pl hu hr sl et lv tr is")
"""Languages that write "the 3rd" as "3."."""

_MARK = re.compile(rf"[{re.escape(SENTENCE_MARKS + CLAUSE_MARKS)}]+[{re.escape(CLOSERS)}]*")
_LAST_WORD = re.compile(r"[^\s(\"'“‘«]+$")


def first_clause_end(text: str, language: str = "en") -> int | None:
    """Where the first clause ends, as an index into `text`; None while it may still go on.

    Call it again with more text. A mark at the very end decides nothing: "3." may become "3.5".
    """
    base = primary_subtag(language)
    for mark in _MARK.finditer(text):
        end = mark.end()
        sign = mark.group()[0]
        spaced = sign not in UNSPACED_MARKS
        if spaced and (end == len(text) or not text[end].isspace()):
            continue
        if len(text[:end].strip()) < _least_characters(sign):
            continue
        if spaced and not _divides(text[: mark.start()], mark.group(), text[end:], base):
            continue
        return end
    return None


def _least_characters(sign: str) -> int:
    if sign in UNSPACED_MARKS:
        return MIN_UNSPACED_CHARACTERS
    return MIN_CLAUSE_CHARACTERS if sign in CLAUSE_MARKS else MIN_SENTENCE_CHARACTERS


def _divides(before: str, mark: str, after: str, language: str) -> bool:
    """Whether a mark followed by a space is more than part of a number, a date or a name."""
    following = after.lstrip()
    if not following:
        # What comes next may be a figure ("March 3, 2025") or a small letter ("etc. and so on").
        return mark[0] in "!?؟"
    found = _LAST_WORD.search(before)
    word = found.group() if found else ""
    if mark[0] in CLAUSE_MARKS:
        return not (word[-1:].isdigit() and following[0].isdigit())
    return mark[0] != "." or not _is_abbreviated(word, following, language)


def _is_abbreviated(word: str, following: str, language: str) -> bool:
    if following[0].islower():
        return True
    if word.isdigit():
        return language in ORDINAL_STOP
    # One letter is an initial ("J. Smith"), and one after a stop the end of "p.m." or "z. B.".
    bare = word.lower()
    is_initial = len(bare.rpartition(".")[2]) == 1 and bare.isalpha() and bare != "i"
    return is_initial or bare in ABBREVIATIONS.get(language, ABBREVIATIONS["en"])


class FirstClauseTokenizer(tokenize.SentenceTokenizer):
    """Splits a reply into its first clause and then sentences. In a text that comes in pieces, one
    that ends with a line break is not held back for what follows.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._sentences = tokenize.blingfire.SentenceTokenizer(retain_format=True)

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        """The parts of a complete text; joined they are the text again."""
        end = first_clause_end(text, language or self._language)
        if end is None:
            return self._sentences.tokenize(text)
        return [text[:end], *self._sentences.tokenize(text[end:])]

    def stream(self, *, language: str | None = None) -> SentenceStream:
        """The parts of a text that comes in pieces."""
        return _FirstClauseStream(language or self._language, self._sentences.stream())


class _FirstClauseStream(SentenceStream):
    def __init__(self, language: str, rest: SentenceStream) -> None:
        super().__init__()
        self._language = language
        self._rest = rest
        self._head: str | None = ""
        """What came so far while the first clause is not complete; then None."""

    def push_text(self, text: str) -> None:
        self._take(text)
        if text.endswith("\n"):
            self.flush()

    def _take(self, text: str) -> None:
        if self._head is None:
            self._rest.push_text(text)
            return
        self._head += text
        end = first_clause_end(self._head, self._language)
        if end is not None:
            self._event_ch.send_nowait(tokenize.TokenData(token=self._head[:end]))
            self._pass_on(self._head[end:])

    def flush(self) -> None:
        if self._head is not None:
            self._pass_on(self._head)
        self._rest.flush()

    def end_input(self) -> None:
        if self._head is not None:
            self._pass_on(self._head)
        self._rest.end_input()

    async def aclose(self) -> None:
        self._do_close()
        await self._rest.aclose()

    async def __anext__(self) -> tokenize.TokenData:
        try:
            return await self._event_ch.__anext__()
        except StopAsyncIteration:
            return await self._rest.__anext__()

    def _pass_on(self, text: str) -> None:
        """The first clause is settled: the rest goes by sentences."""
        self._head = None
        self._do_close()
        if text:
            self._rest.push_text(text)
