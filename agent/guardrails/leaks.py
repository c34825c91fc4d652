"""Finds what a reply must not give away: keys and passwords, and the agent's own instructions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from agent.guardrails.plain import plain
from agent.personal import with_figures

KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,200}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,100}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20,100}"
    r"|\bxox[abposr]-[A-Za-z0-9-]{10,100}"
    r"|\bAIza[0-9A-Za-z_-]{30,50}"
    r"|\beyJ[A-Za-z0-9_-]{10,200}\.[A-Za-z0-9_-]{10,200}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
)
"""What keys of well-known services, signed tokens and private keys look like."""

MIN_SECRET_CHARACTERS = 12
TELLING_CHARACTERS = 16
"""Letters and figures of a secret's beginning that give it away."""

_QUOTED = re.compile(r'"[^"\n]{1,500}"|“[^”\n]{1,500}”')
_WORD = re.compile(r"[^\W_]+")
_NO_LETTER = re.compile(r"[\W_]+")


class Secrets:
    """Values that must never be said. They are kept out of its representation, and so out of logs.

    Args:
        values: Those configured. Short ones and plain words are left out: a password such as
            "development" is also a word that an agent may say.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        bare = (_bare(value) for value in values)
        self._beginnings = tuple(
            value[:TELLING_CHARACTERS]
            for value in bare
            if len(value) >= MIN_SECRET_CHARACTERS and any(c.isdigit() for c in value)
        )

    def __repr__(self) -> str:
        return f"Secrets({len(self._beginnings)})"

    def are_told_in(self, text: str) -> bool:
        """Whether one of them, or anything that looks like a key, is in the text; also where it is
        spelled out with spaces, or its figures as words.
        """
        if KEY_SHAPES.search(text):
            return True
        if not self._beginnings:
            return False
        bare, spelled = _bare(text), _bare(with_figures(text))
        return any(value in bare or value in spelled for value in self._beginnings)


def secret_values(settings: BaseModel) -> Iterator[str]:
    """The values of all secrets in these settings; of an address, its password."""
    for name in type(settings).model_fields:
        match getattr(settings, name):
            case BaseModel() as group:
                yield from secret_values(group)
            case SecretStr() as secret:
                yield _secret_part(secret)
            case tuple() as several:
                yield from (_secret_part(each) for each in several if isinstance(each, SecretStr))


def _secret_part(secret: SecretStr) -> str:
    value = secret.get_secret_value()
    return (urlsplit(value).password or "") if "://" in value else value


class Instructions:
    """What an agent was told, which it must not recite. What stands in quotation marks there is
    meant to be said.

    Args:
        text: The instructions, without facts that callers may be told.
        run: How many words in a row, the same as there, are a recital.
    """

    def __init__(self, text: str, run: int) -> None:
        self.run = run
        self._runs = frozenset(
            tuple(words[at : at + run])
            for part in _QUOTED.split(text)
            if (words := _WORD.findall(plain(part)))
            for at in range(len(words) - run + 1)
        )

    def are_recited_in(self, text: str) -> bool:
        """Whether so many words in a row are the same."""
        if not self._runs:
            return False
        words = _WORD.findall(plain(text))
        return any(
            tuple(words[at : at + self.run]) in self._runs
            for at in range(len(words) - self.run + 1)
        )


def _bare(text: str) -> str:
    return _NO_LETTER.sub("", text.casefold())
