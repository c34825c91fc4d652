"""Instructions for one reply ("Greet the caller", 'Say exactly: "…"') and instructions inside a
tool's result ("say goodbye to the user").
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.sandbox.dialogue.words import clean, sentence

GOODBYE = "Goodbye, and thank you for calling."
OFFER = "How can I help you?"

_LISTENER = (
    r"(?:(?:the |a )?(?:caller|user|customer|guest|client|person|visitor|participant)s?"
    r"|them|him|her)"
)
_QUOTED = re.compile(
    r"\b(?:say|saying|greet\w*|respond|reply|answer|tell|ask|repeat|read|with|welcome)\b"
    r"[^\"]{0,100}\"([^\"]{1,1000})\"",
    re.IGNORECASE,
)
_SINGLE_QUOTED = re.compile(
    r"\b(?:say|saying|with|tell \w+)\b[^'\"]{0,60}\s'(.{2,500}?)'(?=\W*$|[.,;]?\s)", re.IGNORECASE
)
_VERBATIM = re.compile(
    r"^\W*say(?: (?:exactly|this|only|just|the following|verbatim))*\s*:\s*(.{1,1000})$",
    re.IGNORECASE | re.DOTALL,
)
_NEGATED = re.compile(r"\b(?:do not|don't|never|without|avoid)\b", re.IGNORECASE)
_REPORTED = r"(?:that (?P<said>.+)|(?P<plain>(?:you|your|they|their|the|it|we|our|there) .+))"
_YES_NO = r"(?:if|whether) they(?: are|'re) (?P<state>.+)|(?:if|whether) they (?P<verb>.+)"
_WH = r"(?:if|whether|what|which|when|where|how|who)"

_SAY_GOODBYE = r"say (?:a |your )?(?:\w+ )?(?:good ?)?bye\b"

Say = Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], Say], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), say)
    for pattern, say in (
        (rf"\b{_SAY_GOODBYE}|\bfarewell\b", lambda m: GOODBYE),
        (
            rf"\bapologi[sz]e(?: to {_LISTENER})?(?: (?P<why>for|that) (?P<what>.+))?",
            lambda m: _sorry(m["why"], m["what"]),
        ),
        (
            rf"\b(?:tell|inform|remind|let) {_LISTENER}(?: know)? {_REPORTED}",
            lambda m: sentence(_to_listener(m["said"] or m["plain"])),
        ),
        (
            r"\bhow (?:you|i) (?:can|may|could) (?:help|assist|be of)"
            r"|\boffer (?:your |to |some |any )?(?:help|assist\w*)",
            lambda m: OFFER,
        ),
        (
            rf"\bask (?:{_LISTENER} )?(?:for|about) (?P<what>an? .+)",
            lambda m: f"Could you tell me {_to_listener(m['what'])}?",
        ),
        (
            rf"\bask (?:{_LISTENER} )?(?:for|about) (?P<what>.+)",
            lambda m: f"What is {_to_listener(_owned(m['what']))}?",
        ),
        (
            rf"\bask (?:{_LISTENER} )?(?:{_YES_NO})",
            lambda m: _yes_no(m["state"], m["verb"]),
        ),
        (
            rf"\bask (?:{_LISTENER} )?(?P<what>{_WH} .+)",
            lambda m: f"Could you tell me {_to_listener(m['what'])}?",
        ),
        (
            rf"\boffer (?:{_LISTENER} )?to (?P<what>.+)",
            lambda m: f"Would you like me to {_to_listener(m['what'])}?",
        ),
        (rf"\bthank {_LISTENER}", lambda m: "Thank you."),
        (r"\b(?:refuse|decline)\b", lambda m: "I am sorry, I cannot help with that."),
    )
)
_GREET = re.compile(
    r"\b(?:greet|welcome|introduce yourself|(?:open with|say) who you are"
    r"|say (?:hello|hi|good (?:morning|evening)))\b",
    re.IGNORECASE,
)
_REPEAT = re.compile(r"\brepeat (?:(?:your|the) (?:last|previous)|yourself|that)\b", re.IGNORECASE)
_SPLIT = re.compile(
    r"(?<=[.!?])\s+|\n+"
    r"|,?\s+(?:and|then)\s+(?=(?:then )?(?:ask|offer|tell|say|apologi|greet|thank|let)\w*\b)",
    re.IGNORECASE,
)
_IN_RESULT = re.compile(
    rf"^(?:{_SAY_GOODBYE}|ask for\b|(?:tell|ask|inform|remind|greet|thank|let) {_LISTENER}\b"
    rf"|offer (?:{_LISTENER} )?to\b|apologi[sz]e\b)",
    re.IGNORECASE,
)
_FOR_ITSELF = re.compile(r"\bcall (?:this|it) again\b", re.IGNORECASE)
"""In a sentence of a result that is about the tool and not about the caller's matter."""
_TURNED = tuple(
    (re.compile(pattern, re.IGNORECASE), spoken)
    for pattern, spoken in (
        (r"\byou are\b|\byou're\b", "I am"),
        (r"\byou\b", "I"),
        (r"\byour\b", "my"),
        (r"\b(?:the (?:caller|user|customer)'s|their|his|her)\b", "your"),
        (r"\bthey're\b|\bthe (?:caller|user|customer) is\b", "you are"),
        (r"\b(?:they|them|the caller|the user|the customer)\b", "you"),
    )
)


def obey(instructions: str, *, greeting: str, last_reply: str) -> str:
    """What the instructions want said, or empty where they only set a tone."""
    text = clean_lines(instructions)
    exact = _VERBATIM.match(text) or _QUOTED.search(text) or _SINGLE_QUOTED.search(text)
    if exact:
        return exact[1].strip().strip('"')
    said: list[str] = []
    for wish in _SPLIT.split(text):
        if _NEGATED.search(wish):
            continue
        if _GREET.search(wish):
            said.append(greeting)
        elif _REPEAT.search(wish):
            said.append(last_reply)
        else:
            said.append(_obeyed(wish))
    if greeting in said and OFFER in said and OFFER in greeting:
        said.remove(OFFER)
    return " ".join(filter(None, said))


def obey_result(text: str) -> str:
    """A tool's result, said as it is but for sentences that instruct the speaker: what to call next
    is not said at all. With an order to
    say goodbye the rest is for the speaker too ("The call ends now. Say a short goodbye.").
    """
    parts = re.split(r"(?<=[.!?])\s+", text)
    if any(_FOR_ITSELF.search(part) for part in parts):
        parts = [part for part in parts if not _FOR_ITSELF.search(part)]
        text = " ".join(parts)
    if not any(_IN_RESULT.match(part) for part in parts):
        return text
    if any(_obeyed(part) == GOODBYE for part in parts if _IN_RESULT.match(part)):
        return GOODBYE
    return " ".join(
        filter(None, (_obeyed(part) or part if _IN_RESULT.match(part) else part for part in parts))
    )


def clean_lines(text: str) -> str:
    """`text` with straight quotes and clean lines."""
    return "\n".join(filter(None, (clean(line, 2000) for line in text.splitlines()[:60])))


def _obeyed(wish: str) -> str:
    wish = wish.strip().rstrip(".!")
    for pattern, say in _RULES:
        match = pattern.search(wish)
        if match:
            return say(match)
    return ""


def _sorry(why: str | None, what: str | None) -> str:
    if not why or not what:
        return "I am sorry about that."
    return sentence(f"I am sorry {why.lower()} {_to_listener(what)}")


def _owned(what: str) -> str:
    """What one can ask "what is …" about: "their name" and "the name" give "your name"."""
    bare = re.sub(r"^(?:the|his|her|their)\s+", "", what, flags=re.IGNORECASE)
    return f"their {bare}"


def _yes_no(state: str | None, verb: str | None) -> str:
    return f"Are you {_to_listener(state)}?" if state else f"Do you {_to_listener(verb or '')}?"


def _to_listener(text: str) -> str:
    """An instruction's words turned to the caller: in "tell them you have their order", "you" is
    the speaker and "their" the caller's.
    """
    for pattern, spoken in _TURNED:
        text = pattern.sub(spoken, text)
    return text
