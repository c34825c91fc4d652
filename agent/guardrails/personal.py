"""Knows what personal data belongs to the caller."""

from __future__ import annotations

from rapidfuzz import fuzz

from agent.personal import Found, Kind, digits_of, find, letters_of, with_figures

SAME_NUMBER = 84.0
"""Least likeness, 0 to 100, of a number with one that the caller gave: a recogniser may mishear a
figure in ten, and the agent says it as the model heard it.
"""
MAX_KNOWN_FIGURES = 2_000

_EMAILS: tuple[Kind, ...] = ("email",)


class Known:
    """What belongs to this caller: what they said themselves in this call, and what the call knows
    of them.
    """

    def __init__(self) -> None:
        self._figures = ""
        self._letters = ""
        self._emails: set[str] = set()

    def note(self, text: str) -> None:
        """They said it, or may hear it. Numbers given in parts are put together."""
        read = with_figures(text)
        self._figures = (self._figures + digits_of(read))[-MAX_KNOWN_FIGURES:]
        self._letters = (self._letters + letters_of(read))[-MAX_KNOWN_FIGURES:]
        self._emails.update(found.value for found in find(text, _EMAILS))

    def includes(self, found: Found) -> bool:
        """Whether it belongs to them."""
        if found.kind == "email":
            return found.value in self._emails or letters_of(found.value) in self._letters
        if found.value in self._letters or found.value in self._figures:
            return True
        if not self._figures or not found.value.isdigit():
            return False
        return (
            fuzz.partial_ratio(found.value, self._figures) >= SAME_NUMBER
            and len(self._figures) >= len(found.value) - 2
        )
