"""Personal data in text: e-mail addresses, telephones, cards, national ids, written or spelled out.

Pure, and shared by those who must not let it out and those who must not keep it.
"""

from agent.personal.checksums import is_card, is_iban
from agent.personal.figures import Reading, read, with_figures
from agent.personal.finding import ALL_KINDS, Found, Kind, digits_of, find, letters_of
from agent.personal.ids import NationalId, bundled_ids, known_countries

__all__ = [
    "ALL_KINDS",
    "Found",
    "Kind",
    "NationalId",
    "Reading",
    "bundled_ids",
    "digits_of",
    "find",
    "is_card",
    "is_iban",
    "known_countries",
    "letters_of",
    "read",
    "with_figures",
]
