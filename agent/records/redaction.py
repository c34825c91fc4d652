"""Takes personal data out of what is kept: `[email]` stands where an address stood."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import phonenumbers
import regex

from agent.errors import SettingsError
from agent.personal import ALL_KINDS, Kind, NationalId, bundled_ids, find, known_countries, read
from agent.records.redaction_file import RedactionFile, load_redaction_file
from agent.settings import PrivacySettings

logger = logging.getLogger(__name__)

COUNTRIES = "PARLEY_REDACTION_COUNTRIES"
PATTERN_LIMIT_S = 0.1
"""For one of the operator's own expressions over one text."""
MAX_PASSES = 8
"""What was taken out may have hidden that its neighbour is a number of its own."""
MAX_DEPTH = 20

PRIVATE = "[private]"
"""In the place of what the operator's own words and expressions name."""
LABELS: Mapping[Kind, str] = {
    "email": "[email]",
    "phone": "[phone]",
    "card": "[card]",
    "national_id": "[national id]",
}
_ORDER = {kind: place for place, kind in enumerate(("card", "national_id", "email", "phone"))}
"""Which name something gets that could be two things."""
_LABEL = regex.compile("|".join(regex.escape(label) for label in (*LABELS.values(), PRIVATE)))

Span = tuple[int, int, str]
"""Where something stands, and what takes its place."""


class Redaction:
    """Redacts texts and tool arguments. Doing it twice changes nothing more, and the time it takes
    grows as the text does.

    Args:
        regions: Countries whose telephone numbers are given without their code.
        ids: The national ids that are looked for.
        words: Words and phrases of the operator's, whatever their case; one that ends in `*`
            stands for all that begin like it.
        patterns: Regular expressions of the operator's. A text over which one takes too long is
            withheld as a whole.
    """

    def __init__(
        self,
        *,
        regions: Iterable[str] = (),
        ids: Iterable[NationalId] = (),
        words: Iterable[str] = (),
        patterns: Iterable[str] = (),
    ) -> None:
        self._regions: tuple[str | None, ...] = tuple(dict.fromkeys(regions)) or (None,)
        self._ids = tuple(ids)
        expressions = [pattern for pattern in (_words(words), *patterns) if pattern]
        self._own = [
            regex.compile(pattern, regex.IGNORECASE | regex.VERSION1) for pattern in expressions
        ]

    def __call__(self, text: str) -> str:
        """The text with a label in the place of each thing that is personal."""
        for _ in range(MAX_PASSES):
            redacted = self._once(text)
            if redacted == text:
                break
            text = redacted
        return text

    def redact_value(self, value: Any) -> Any:
        """The same for data as JSON has it: keys and texts in it, numbers, and numbers in parts in
        a list. What is nested too deeply is withheld.
        """
        return self._value(value, MAX_DEPTH)

    def _value(self, value: Any, depth: int) -> Any:
        kept = value
        if depth == 0:
            kept = PRIVATE
        elif isinstance(value, Mapping):
            kept = {self(str(key)): self._value(part, depth - 1) for key, part in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, str):
            parts = [self._value(part, depth - 1) for part in value]
            kept = self._joined(parts) or parts
        elif value is not None and not isinstance(value, bool):
            redacted = self(str(value))
            is_same = isinstance(value, int | float) and redacted == str(value)
            kept = value if is_same else redacted
        return kept

    def _joined(self, parts: Sequence[Any]) -> list[str] | None:
        """Labels, if the parts are a number of somebody's only together."""
        if not all(isinstance(part, str | int) for part in parts):
            return None
        whole = " ".join(str(part) for part in parts)
        redacted = self(whole)
        return [redacted] if redacted != whole else None

    def _once(self, text: str) -> str:
        try:
            spans = [*self._own_spans(text), *self._spans(text)]
        except TimeoutError:
            logger.warning("an expression of the redaction takes too long; a text was withheld")
            return PRIVATE
        labels = [match.span() for match in _LABEL.finditer(text)]
        return _replaced(text, _apart(spans, labels)) if spans else text

    def _own_spans(self, text: str) -> Iterator[Span]:
        for pattern in self._own:
            for match in pattern.finditer(text, timeout=PATTERN_LIMIT_S):
                if match.end() > match.start():
                    yield match.start(), match.end(), PRIVATE

    def _spans(self, text: str) -> Iterator[Span]:
        reading = read(text)
        found = list(find(reading, _NOT_PHONE, ids=self._ids))
        for region in self._regions:
            found += find(reading, _PHONE, region=region, doubtful=True)
        for item in sorted(found, key=lambda item: _ORDER[item.kind]):
            yield *reading.source(item.start, item.end), LABELS[item.kind]


_PHONE: tuple[Kind, ...] = ("phone",)
_NOT_PHONE: tuple[Kind, ...] = tuple(kind for kind in ALL_KINDS if kind != "phone")


def build_redaction(settings: PrivacySettings, *, region: str | None = None) -> Redaction | None:
    """The redaction that the settings ask for; None where it is switched off.

    Args:
        settings: What to look for.
        region: The country of telephone numbers that callers give without its code.

    Raises:
        SettingsError: when the operator's own file cannot be used, or a country is none.
    """
    unknown = [name for name in settings.redaction_countries if not _is_country(name)]
    if unknown:
        raise SettingsError([f"{COUNTRIES}: {', '.join(unknown)} is no country, such as DE"])
    if not settings.redaction:
        return None
    own = load_redaction_file(settings.redaction_file) or RedactionFile()
    countries = settings.redaction_countries or None
    home = () if region is None else (region,)
    return Redaction(
        regions=(*home, *settings.redaction_countries),
        ids=(*bundled_ids(countries), *own.ids),
        words=(*settings.redaction_words, *own.words),
        patterns=own.patterns,
    )


def _is_country(name: str) -> bool:
    return name in known_countries() or name in phonenumbers.SUPPORTED_REGIONS


def _words(words: Iterable[str]) -> str:
    forms = []
    for word in sorted(words, key=len, reverse=True):
        stem = r"\s+".join(regex.escape(part) for part in word.rstrip("*").split())
        forms.append(stem + (r"\w*" if word.endswith("*") else ""))
    return rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)" if forms else ""


def _apart(spans: Iterable[Span], labels: Sequence[tuple[int, int]]) -> list[Span]:
    """The spans in order, those that overlap as one with the first one's label, without any that
    touch a label that stands there already.
    """
    ranked = sorted(enumerate(spans), key=lambda item: (item[1][0], item[0]))
    joined: list[tuple[int, Span]] = []
    place = 0
    for rank, (start, end, label) in ranked:
        while place < len(labels) and labels[place][1] <= start:
            place += 1
        if place < len(labels) and labels[place][0] < end:
            continue
        if joined and start < joined[-1][1][1]:
            first_rank, (begin, last, first_label) = joined[-1]
            kept = first_label if first_rank <= rank else label
            joined[-1] = (min(first_rank, rank), (begin, max(last, end), kept))
        else:
            joined.append((rank, (start, end, label)))
    return [span for _, span in joined]


def _replaced(text: str, spans: Iterable[Span]) -> str:
    parts, done = [], 0
    for start, end, label in spans:
        parts += [text[done:start], label]
        done = end
    return "".join([*parts, text[done:]])
