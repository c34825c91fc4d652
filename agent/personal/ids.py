"""National ids: how each looks, by country, and where they stand in a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property, lru_cache
from importlib import resources
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.personal.checksums import checksums

NEAR_CHARACTERS = 80
"""How far before a number a word that tells what it is may stand."""
EVERYWHERE = "any"


class NationalId(BaseModel):
    """One kind of id."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    pattern: Annotated[str, Field(min_length=1, max_length=300)]
    check: str | None = None
    near: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.check is not None and self.check not in checksums():
            raise ValueError(f"there is no check {self.check}")
        try:
            _ = self._compiled
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return self

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where ids of this kind stand."""
        for match in self._compiled.finditer(text):
            length = self._length(match.group())
            if length and self._is_told(text, match.start()):
                yield match.start(), match.start() + length

    def _length(self, found: str) -> int:
        """Of what satisfies the check; 0 if nothing does."""
        if self.check is None:
            return len(found)
        is_right = checksums()[self.check]
        while found and self._compiled.fullmatch(found):
            if is_right("".join(c for c in found if c.isalnum())):
                return len(found)
            found = found.rpartition(" ")[0]
        return 0

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        # `\d` of a bundled check is an ASCII figure.
        return re.compile(rf"(?<!\w)(?:{self.pattern})(?!\w)", re.IGNORECASE | re.ASCII)

    def _is_told(self, text: str, start: int) -> bool:
        if not self.near:
            return True
        before = re.findall(r"\w+", text[max(0, start - NEAR_CHARACTERS) : start].lower())
        return any(word in before for word in self.near)


@lru_cache(maxsize=1)
def _bundled() -> dict[str, tuple[NationalId, ...]]:
    file = resources.files(__package__).joinpath("national_ids.toml")
    table = tomllib.loads(file.read_text("utf-8"))
    return {
        country: tuple(NationalId.model_validate(entry) for entry in entries)
        for country, entries in table.items()
    }


def known_countries() -> tuple[str, ...]:
    """Those that there are bundled ids of."""
    return tuple(country for country in _bundled() if country != EVERYWHERE)


def bundled_ids(countries: Collection[str] | None = None) -> tuple[NationalId, ...]:
    """The ids of some countries and those of every country; None for all there are."""
    wanted: Iterable[str] = known_countries() if countries is None else countries
    ids = _bundled()
    return tuple(entry for country in (EVERYWHERE, *wanted) for entry in ids.get(country, ()))
