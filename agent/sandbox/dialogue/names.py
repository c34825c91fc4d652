"""Places, persons and free text: values that only the words around them give away."""

from __future__ import annotations

import re

from agent.sandbox.dialogue.heard import Heard, Listening, without_courtesy
from agent.sandbox.dialogue.numbers import with_digits
from agent.sandbox.dialogue.slots import Slot
from agent.sandbox.dialogue.words import ACTIONS, COMMON, name_words, title_case

_WORD = r"[^\W\d_][\w'.-]*"
_NAME = rf"(?=({_WORD}(?: {_WORD}){{0,3}}))"
"""Looks ahead only: "to Anna" must be found in "a message to Anna" though "message" leads too."""
_AFTER_NAME = frozenset(
    """
    please today tomorrow tonight yesterday now right like and or at on in for is are was so thanks
    thank this next the to from by with about that saying say because but then a an of my me it its
    if um uh er well ok okay as during until when who which will would can could i i'm im it's
    i'll again also too instead really exactly currently have has want there here you under
    monday tuesday wednesday thursday friday saturday sunday
    """.split()  # noqa: SIM905
)
"""Words at which a name or a place said in a sentence is over."""
_NO_NAME = frozenset(
    """
    morning afternoon evening night moment minute minutes hour hours second seconds day days week
    weeks month months year years general total advance order fact case english time future past
    question problem appointment meeting table call number help love trouble
    """.split()  # noqa: SIM905
)
_PLACE_LEADS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"origin", "from", "source", "departure"}), "from"),
    (frozenset({"destination", "to", "target", "arrival"}), "to"),
)
_CAPITALISED = re.compile(r"(?<=[\w,] )(?!I\b)[A-Z][\w'-]+(?: [A-Z][\w'-]+){0,2}")
_PERSON_LEAD = re.compile(
    r"\b(?:my (?:full )?name(?: is|'s)|name is|(?:under )?the name(?: of)?|i'm called|call me) "
    + _NAME,
    re.IGNORECASE,
)
_RECIPIENT_LEAD = re.compile(
    rf"\b(?:to|for|tell|text|message|email|call|with) (?!(?:the|an?|my|me)\b){_NAME}",
    re.IGNORECASE,
)
_SELF_LEAD = re.compile(rf"\b(?:i am|i'm|this is|for|with) {_NAME}", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]{1,400})"')
_TEXT_LEAD = re.compile(
    r"\b(?:saying(?: that)?|says?(?: that)?|that says"
    r"|(?:tell|text|message) (?!to\b|for\b|message\b)\w+(?: that)?"
    r"|that|about|because|regarding|called|with the (?:text|message|title|subject))[ :,]+(.+)$",
    re.IGNORECASE,
)
_PUT_LEAD = re.compile(
    r"\b(?:add|put|write|note) (.+?) (?:on|to|onto|in|into|down)\b", re.IGNORECASE
)
_QUERY_LEAD = re.compile(r"\b(?:about|for|on|regarding|up)[ :,]+(.+)$", re.IGNORECASE)


def find_place(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    """The place after "in", "for" and their like, or a capitalised name; any words as an answer."""
    names = set(name_words(slot.name))
    if listening.answering:
        answer = _leading_name(heard.answer(), 4, stop=False)
        return None if answer is None else title_case(heard.take_all(answer))
    leads = next((lead for keys, lead in _PLACE_LEADS if keys & names), "in|near|for|of|at|around")
    for lead in leads.split("|"):
        for match in re.finditer(rf"\b{lead} (?:the )?{_NAME}", heard.text, re.IGNORECASE):
            place = _leading_name(match[1], 3)
            if place and place.lower().split()[0] not in _NO_NAME:
                return title_case(heard.take((match.start(1), match.start(1) + len(place))))
    return _capitalised(heard)


def find_person(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    """A person's name after "my name is", "for" and their like; any words as an answer."""
    for_another = bool({"to", "recipient", "contact", "who"} & set(name_words(slot.name)))
    for lead in [_RECIPIENT_LEAD] if for_another else [_PERSON_LEAD, _SELF_LEAD]:
        for match in lead.finditer(heard.text):
            person = _leading_name(match[1], 3)
            if person and _is_personal(person, doubtful=lead is not _PERSON_LEAD):
                return title_case(heard.take((match.start(1), match.start(1) + len(person))))
    answer = _leading_name(heard.answer(), 4, stop=False) if listening.answering else None
    return None if answer is None else title_case(heard.take_all(answer))


def find_text(heard: Heard, slot: Slot, listening: Listening) -> str | None:
    """Free text as it was said: what is quoted, what follows "saying", "that" or "about"."""
    quoted = _QUOTED.search(heard.original)
    if quoted:
        heard.text = heard.text.replace(quoted[0], "|")
        return quoted[1].strip() or None
    if listening.answering:
        return heard.take_all(without_courtesy(heard.original)) or None
    is_query = {"query", "topic", "question", "subject", "keyword"} & set(name_words(slot.name))
    for lead in (_QUERY_LEAD, _TEXT_LEAD) if is_query else (_TEXT_LEAD, _PUT_LEAD):
        match = lead.search(heard.original)
        said = without_courtesy(match[1]) if match else ""
        if match and said:
            heard.text = heard.text.replace(with_digits(match[1]), "|")
            return said
    return None


def _capitalised(heard: Heard) -> str | None:
    """A proper name as a recogniser with capitals writes it: "what is the Paris weather"."""
    for match in _CAPITALISED.finditer(heard.text):
        if match[0].lower() not in _AFTER_NAME:
            return heard.take(match.span())
    return None


def _leading_name(text: str, at_most: int, *, stop: bool = True) -> str | None:
    """The words at the start of `text` that can belong to one name."""
    words: list[str] = []
    for word in text.split()[:at_most]:
        bare = word.strip(".,!?;:\"'")
        if not bare or (bare.lower() in _AFTER_NAME and (stop or not words)):
            break
        words.append(bare)
        if bare != word and not re.fullmatch(r"\w{1,3}\.", word):
            break
    return " ".join(words) or None


def _is_personal(words: str, *, doubtful: bool) -> bool:
    """Whether words after "for" or "I am" can be a name: "for Anna", not "for lunch today"."""
    first = words.lower().split()[0]
    if first in COMMON or first in ACTIONS:
        return False
    return not (doubtful and (first in _NO_NAME or first.endswith("ing")))
