"""The operator's own file of what must not be kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.errors import SettingsError
from agent.personal import NationalId

VARIABLE = "PARLEY_REDACTION_FILE"
MAX_FILE_BYTES = 1_000_000


def _usable(pattern: str) -> str:
    try:
        regex.compile(pattern, regex.IGNORECASE | regex.VERSION1)
    except regex.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


class RedactionFile(BaseModel):
    """What it says."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    words: tuple[Annotated[str, Field(max_length=100, pattern=r"\w")], ...] = ()
    """Words and phrases; one that ends in `*` stands for all that begin like it."""
    patterns: tuple[
        Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_usable)], ...
    ] = ()
    """Regular expressions, whatever the case of letters."""
    ids: tuple[NationalId, ...] = ()
    """Further ids, in the form of agent/personal/national_ids.toml."""


def load_redaction_file(path: Path | None) -> RedactionFile | None:
    """The file's words, expressions and ids; None without a file.

    Raises:
        SettingsError: with each entry that cannot be used, by its name and not by its value.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsError([f"{VARIABLE}: is larger than {MAX_FILE_BYTES} bytes"])
        return RedactionFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        raise SettingsError(
            [f"{VARIABLE}: {'.'.join(map(str, d['loc']))}: {d['msg']}" for d in error.errors()]
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"{VARIABLE}: cannot be read: {type(error).__name__}"]) from error
