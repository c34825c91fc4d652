"""A folder of Markdown that is searched in memory, by SQLite's FTS5."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from agent.call.knowledge import Passage
from agent.errors import SettingsError
from agent.services.passages import passages_of

MOST_FILE_BYTES = 1024 * 1024
MOST_WORDS = 24
"""Of a question; what is longer is no question."""
_TITLE_WEIGHT = 3.0

_COMMON = frozenset(
    """
    a about all am an and any are as at be been by can could did do does for from get give had has
    have how i if in is it its just know like long many may me much must my need no not of on or
    our please say should so some tell than that the their them then there these they this to us
    want was we were what when where which who why will with would you your
    """.split()  # noqa: SIM905  lines of words read better than a list of strings
)
"""English words that every question has; in other languages bm25 alone tells them from the rest."""


def read_passages(folder: Path | None) -> tuple[Passage, ...]:
    """What a folder's `.md` files say, folders in it included; None is the bundled sample.

    Raises:
        SettingsError: when there is no such folder, or a file in it cannot be used.
    """
    if folder is None:
        return tuple(_sample())
    files = sorted(folder.rglob("*.md")) if folder.is_dir() else []
    if not files:
        raise SettingsError(["PARLEY_KNOWLEDGE_DIR: is no folder with Markdown files in it"])
    return tuple(_read(folder, files))


class Knowledge:
    """A KnowledgeBase of these passages. It may be shared by everything in one process, and is made
    anew in each.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._one_at_a_time = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE passages USING fts5"
            '(title, text, tokenize = "porter unicode61 remove_diacritics 2")'
        )
        self._index.executemany(
            "INSERT INTO passages VALUES (?, ?)",
            ((passage.title, passage.text) for passage in passages),
        )

    async def search(self, question: str, *, limit: int = 3) -> Sequence[Passage]:
        """See KnowledgeBase."""
        query = _query(question)
        return await asyncio.to_thread(self._find, query, limit) if query else ()

    def close(self) -> None:
        """Forget everything."""
        self._index.close()

    def _find(self, query: str, limit: int) -> Sequence[Passage]:
        with self._one_at_a_time:
            rows = self._index.execute(
                "SELECT title, text FROM passages WHERE passages MATCH ?"
                " ORDER BY bm25(passages, ?, 1.0) LIMIT ?",
                (query, _TITLE_WEIGHT, limit),
            ).fetchall()
        return tuple(Passage(title, text) for title, text in rows)


def _query(question: str) -> str:
    """Any of the words that matter. In quotes nothing is syntax, and a word has none inside."""
    words = re.findall(r"\w+", question[:1_000].casefold())
    telling = [word for word in words if word not in _COMMON] or words
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(telling[:MOST_WORDS]))


def _read(folder: Path, files: Sequence[Path]) -> Iterator[Passage]:
    faults: list[str] = []
    for file in files:
        name = str(file.relative_to(folder))
        try:
            if file.stat().st_size > MOST_FILE_BYTES:
                faults.append(
                    f"PARLEY_KNOWLEDGE_DIR: {name} is larger than {MOST_FILE_BYTES} bytes"
                )
                continue
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            faults.append(f"PARLEY_KNOWLEDGE_DIR: {name} cannot be read as UTF-8 text")
            continue
        yield from passages_of(text, name=_spoken_name(file.name))
    if faults:
        raise SettingsError(faults)


def _sample() -> Iterator[Passage]:
    folder: Traversable = resources.files("agent.services").joinpath("samples", "knowledge")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".md"):
            yield from passages_of(file.read_text("utf-8"), name=_spoken_name(file.name))


def _spoken_name(file_name: str) -> str:
    return file_name.removesuffix(".md").replace("-", " ").replace("_", " ").capitalize()
