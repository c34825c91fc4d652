"""English words as the dialogue weighs them: cleaning, stems, common words, near-synonyms."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_CHARS = 600
"""Longer texts are read this far: spoken turns are shorter, and fuzzy work must stay cheap."""

COMMON = frozenset(
    """
    a about actually after again all almost alright also always am an and another any anybody anyone
    anything are aren around as ask asks asked at away back be because been before being but by call
    called caller calling calls can cannot could cool customer did didn do does doesn doing don done
    either else er etc even ever every everything exactly find for from function get gets getting
    give gives given go goes going good got great had handle has hasn have haven having he hello
    help her here hers hey hi him his how i if in information into is isn it its just kind know
    known let like likely ll look looking lot made make makes many matter may maybe me mean mine
    more most much must my need needed needs never new no nor not nothing now of off oh ok okay on
    once one only onto or other our out over own perhaps person please provide provides provided
    question quick quickly re really return returns right s same say saying says see shall she
    should show sir so some somebody someone something sorry speak still such sure t take talk tell
    than thank thanks that the their them then there these they thing things this those though to
    today together told too tool try um under until up us use used user uses uh using ve very via
    want wanted wants was wasn way we well were what whats when where wheres whether which while who
    whose why will wish with without would wonder wondering yeah yes yet you your yours
    """.split()  # noqa: SIM905  thirteen lines of words read better than a list of strings
)
"""Words that say nothing about which tool is meant; stop words and the verbs of every request."""

ACTIONS = frozenset(
    """
    add book cancel change check create delete fetch find get list look lookup make open order place
    post put query read record remove request reserve retrieve run save schedule search send set
    show start stop submit transfer update write
    """.split()  # noqa: SIM905
)
"""Verbs that lead many tool names; the noun beside them says more."""

_NEAR_SYNONYMS = (
    "weather forecast temperature rain sunny snow",
    "message text sms",
    "add plus sum",
    "appointment meeting reservation",
    "order package parcel delivery purchase arrive arrived",
    "transfer connect forward",
    "open close clos",
    "bill invoice",
    "remind reminder",
    "timer alarm",
    "end finish terminate",
    "subtract minus",
    "multiply times",
)

LANGUAGES = frozenset(
    """
    arabic bulgarian catalan chinese croatian czech danish dutch english estonian finnish french
    german greek hebrew hindi hungarian indonesian italian japanese korean latvian lithuanian malay
    mandarin norwegian persian polish portuguese romanian russian serbian slovak slovenian spanish
    swahili swedish tagalog tamil thai turkish ukrainian urdu vietnamese
    """.split()  # noqa: SIM905
)
"""What each language is called in English."""

_FAREWELL = re.compile(
    r"\b(?:good ?bye?|bye(?: bye)?|farewell|so long|see (?:you|ya)(?: later| soon| around)?"
    r"|talk to you later|that(?:'s| is|s) (?:all|it|everything)(?: for (?:now|today))?"
    r"|hang(?:s|ing)? up|(?:end|finish|terminate|close|leave|disconnect)(?:s|ing)? "
    r"(?:(?:the|this|our|current|active) )*(?:phone )?(?:call|conversation|session))\b",
    re.IGNORECASE,
)

_WEATHER_MISHEARD = re.compile(r"(?<=\bthe )whether\b", re.IGNORECASE)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'"})
_UNSPOKEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff|]+|\s+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def clean(text: str, limit: int = MAX_CHARS) -> str:
    """At most `limit` characters of `text` on one line, with straight quotes, nothing unspoken."""
    return _UNSPOKEN.sub(" ", text[:limit].translate(_QUOTES)).strip()


@lru_cache(maxsize=4096)
def name_words(name: str) -> tuple[str, ...]:
    """The words in a snake, kebab or camel case name, in lower case."""
    apart = _CAMEL.sub(" ", name[:100]).replace("_", " ")
    return tuple(word.lower() for word in _WORD.findall(apart))


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; "what's" gives "what"."""
    return [word.lower().split("'")[0] for word in _WORD.findall(text)]


@lru_cache(maxsize=4096)
def content_words(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, numbers left out; a farewell of any form adds
    "goodbye", so that "hang up", "that's all" and "bye" meet.
    """
    text = _WEATHER_MISHEARD.sub("weather", text)
    farewell = ("goodbye",) if _FAREWELL.search(text) else ()
    rest = _FAREWELL.sub(" ", text)
    return farewell + tuple(
        stem(word)
        for word in words_of(rest)
        if word not in COMMON and len(word) > 1 and not word[0].isdigit()
    )


def is_farewell(text: str) -> bool:
    """Whether someone takes leave in `text`."""
    return _FAREWELL.search(text) is not None


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its common endings: "opening" and "opens" give "open"."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) > 3:
            doubled = bare[-1] == bare[-2] and bare[-1] not in "ls"
            return bare[:-1] if doubled else bare
    return word


@lru_cache(maxsize=1)
def synonyms() -> dict[str, frozenset[str]]:
    """Stem to the stems of nearly the same meaning."""
    near: dict[str, frozenset[str]] = {}
    for row in _NEAR_SYNONYMS:
        stems = frozenset(stem(word) for word in row.split())
        near |= {word: near.get(word, frozenset()) | (stems - {word}) for word in stems}
    return near


def title_case(text: str) -> str:
    """Names as they are written: "new york" gives "New York"; text with capitals stays."""
    if text != text.lower():
        return text
    return " ".join(word[:1].upper() + word[1:] for word in text.split())


def spoken_list(items: list[str], joint: str = "and") -> str:
    """The items as one says them: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in '.!?…"' else ".")
