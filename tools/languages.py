"""Languages by the names that callers and models give them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""What the speech models of the supported providers understand and speak."""

_ALSO = {
    "deutsch": "de",
    "español": "es",
    "espanol": "es",
    "castilian": "es",
    "français": "fr",
    "francais": "fr",
    "italiano": "it",
    "português": "pt",
    "portugues": "pt",
    "mandarin": "zh",
    "farsi": "fa",
    "filipino": "tl",
    "한국어": "ko",
    "日本語": "ja",
    "中文": "zh",
}
_BY_NAME = {name.casefold(): tag for tag, name in _NAMES.items()} | _ALSO


@dataclass(frozen=True, slots=True)
class Language:
    """A language to hear and speak."""

    tag: str
    """Its ISO 639-1 code, such as `de`."""
    name: str
    """In English, as a model is told."""


def find_language(asked: str) -> Language | None:
    """The language of a name or tag, such as "German", "deutsch", "de" or "de-AT"."""
    wanted = asked.strip().casefold()
    tag = _BY_NAME.get(wanted)
    if tag is None and (match := re.fullmatch(r"([a-z]{2})(?:[-_][a-z0-9]{2,8})*", wanted)):
        tag = match[1]
    return Language(tag, _NAMES[tag]) if tag in _NAMES else None
