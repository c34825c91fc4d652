"""Tags of languages, as BCP 47 writes them."""

from __future__ import annotations


def primary_subtag(tag: str) -> str:
    """The language itself, in lower case: "en" of "en-GB"."""
    return tag.partition("-")[0].lower()
