"""Text as a reader takes it: the same for letters that look the same, and without tricks of
spacing; and figures that are spelled out, as figures.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_LOOKALIKES = str.maketrans(
    dict(
        zip(
            "аеорсухіјѕкмнтвԁԛԝӏ" + "αειοκνρτυχγωβη" + "øđħłıſ",
            "aeopcyxijskmhtbdqwl" + "aeiokvptuxywbn" + "odhlis",
            strict=True,
        )
    )
)
"""Cyrillic, Greek and stroked letters by the Latin ones that they pass for."""
_FIGURES_FOR_LETTERS = str.maketrans("0134578@$", "oieastbas")
_WORD = re.compile(r"[^\W_]+(?:[@$][^\W_]+)*")
_MIXED = re.compile(r"(?=.*[^\W\d_])(?=.*[\d@$])")


def plain(text: str) -> str:
    """Lower case, without accents and invisible characters, lookalikes replaced."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = (c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf", "Cc"))
    return "".join(kept).translate(_LOOKALIKES)


def words_of(text: str) -> list[str]:
    """The plain words, figures that stand for letters replaced. Single letters in a row are one
    word, too: "s e c r e t" ends in "secret".
    """
    words: list[str] = []
    run: list[str] = []
    for word in _WORD.findall(plain(text.replace("'", "").replace("’", ""))):
        if len(word) == 1 and not word.isdigit():
            run.append(word)
        else:
            words += _joined(run)
            run = []
        words.append(word.translate(_FIGURES_FOR_LETTERS) if _MIXED.match(word) else word)
    return words + _joined(run)


def _joined(letters: list[str]) -> list[str]:
    return ["".join(letters)] if len(letters) >= 3 else []


_FIGURES = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
}
_OTHER_FIGURES = {"oh": "0", "o": "0", "zwo": "2", "meia": "6"}
_REPEATS = {"double": 2, "triple": 3}
MIN_FIGURES = 4
"""Fewer words for figures in a row are words: "one or two"."""


@lru_cache(maxsize=1)
def _figure_words() -> dict[str, str]:
    spoken = {
        word: str(figure) for line in _FIGURES.values() for figure, word in enumerate(line.split())
    }
    return spoken | _OTHER_FIGURES


@lru_cache(maxsize=1)
def _spelled_run() -> re.Pattern[str]:
    names = sorted([*_figure_words(), *_REPEATS, r"\d"], key=len, reverse=True)
    return re.compile(rf"(?:\b(?:{'|'.join(names)})\b[\s,.\-]{{0,3}}){{{MIN_FIGURES},}}", re.I)


def with_figures(text: str) -> str:
    """The text with numbers as figures that are spelled out one by one: "five, double oh, three"
    is "5003".
    """
    figures = sum(word in _figure_words() or len(word) == 1 for word in _WORD.findall(text.lower()))
    if figures < MIN_FIGURES // 2:  # most texts; a repeated figure counts as one
        return text
    return _spelled_run().sub(lambda run: "".join(_figures(run.group())) + " ", text)


def _figures(run: str) -> Iterator[str]:
    times = 1
    for word in re.findall(r"[^\W_]+", run.lower()):
        if word in _REPEATS:
            times = _REPEATS[word]
            continue
        yield (word if word.isdigit() else _figure_words()[word]) * times
        times = 1
