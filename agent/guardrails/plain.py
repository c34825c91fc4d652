"""Text as a reader takes it: the same for letters that look the same, and without tricks of
spacing.
"""

from __future__ import annotations

import re
import unicodedata

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
