"""Questions, results and lists as they are said aloud."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.sandbox.dialogue.directives import obey_result
from agent.sandbox.dialogue.messages import Tool
from agent.sandbox.dialogue.slots import Slot
from agent.sandbox.dialogue.words import clean, name_words, sentence, spoken_list

MAX_SPOKEN_CHARS = 1200
MAX_SPOKEN_MEMBERS = 6

_SENTENCE_KEYS = ("message", "text", "answer", "result", "summary", "say", "output")
_ERROR = re.compile(
    r"^\W*(?:(?:an? )?(?:internal |unknown |unexpected )?(?:error|exception|failure)\b"
    r"(?: occurred)?|traceback\b|failed\b)[\s:.,-]*",
    re.IGNORECASE,
)
_MARKS = re.compile(r"</?[A-Za-z][\w-]{0,40}(?:\s[^<>]{0,200})?>")
"""Such as `<data source="weather">`, by which an agent marks text for a model."""
_TRACE_LAST_LINE = re.compile(r"traceback .*\n(?P<last>\S.*)\s*$", re.IGNORECASE | re.DOTALL)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FIRST_CLAUSE = re.compile(r"[.;:(\n]|,? (?:such as|after|when|if|using|given)\b")
_NOUN_LEADS = ("the", "a", "an", "current")
_ARTICLE = re.compile(r"^(?:the|an?|this|which|optional)\b[\s:,]*", re.IGNORECASE)
_QUESTIONS: dict[str, str] = {
    "time": "At what time?",
    "datetime": "On which day and at what time?",
    **dict.fromkeys(("place", "language", "date", "weekday", "enum"), "Which {}?"),
}
_QUESTIONS_OF_PHRASES: dict[str, str] = {
    "boolean": "Yes or no: {}?",
    "array": "What {} should I take?",
}
"""Also where the slot has a name of several words."""
_CRYPTIC = frozenset({"id", "q", "query", "to", "from", "value", "arg", "input", "param"})


def question(slot: Slot) -> str:
    """A short question for one slot, always the same, so that it is known again in a transcript."""
    written = re.search(r"(?:^|[.!] )([A-Z][^.?!]{3,80}\?)", clean(slot.description))
    if written:
        return written[1]
    if slot.name.lower() in ("to", "recipient"):
        return "Who is it for?"
    noun = _noun(slot)
    if slot.kind == "enum" and 1 < len(slot.choices) <= 5:
        choices = [" ".join(name_words(str(choice))) or str(choice) for choice in slot.choices]
        return f"Which {noun}: {spoken_list(choices, 'or')}?"
    if slot.kind == "integer" and noun.endswith("s"):
        return f"How many {noun}?"
    pattern = _QUESTIONS.get(slot.kind) if " " not in noun else None
    return (pattern or _QUESTIONS_OF_PHRASES.get(slot.kind, "What is the {}?")).format(noun)


def _noun(slot: Slot) -> str:
    """What the slot is called: its name, or its description where the name says little."""
    words = " ".join(name_words(slot.name)) or "value"
    description = clean(slot.description, 80).split(".")[0].split(",")[0]
    bare = _ARTICLE.sub("", description).rstrip(".:;")
    if (len(words) <= 2 or words in _CRYPTIC) and 0 < len(bare.split()) <= 5:
        return bare[0].lower() + bare[1:]
    return words


def result_in_words(text: str) -> str:
    """One tool's result for the ear: plain text as it is, JSON as a phrase, an error as one."""
    text = _MARKS.sub("", text[:20_000]).strip()
    value = _parsed(text)
    if isinstance(value, dict):
        return _object_in_words(value)
    if isinstance(value, list):
        return sentence(_in_words(value)) or "Nothing was found."
    if value is None or value == "":
        return "Done."
    if isinstance(value, bool | int | float):
        return sentence(_in_words(value))
    spoken = str(value)[:MAX_SPOKEN_CHARS]
    return _failure(spoken) if _ERROR.match(spoken) else obey_result(spoken)


def _parsed(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _object_in_words(value: dict[str, Any]) -> str:
    problem = value.get("error") or value.get("errors")
    if problem:
        if isinstance(problem, dict):
            problem = problem.get("message") or problem
        return _failure(_in_words(problem))
    spoken = next((value[k] for k in _SENTENCE_KEYS if isinstance(value.get(k), str)), None)
    if value.get("is_error") or value.get("success") is False or value.get("ok") is False:
        return _failure(spoken or "")
    if spoken:
        return obey_result(spoken[:MAX_SPOKEN_CHARS])
    return sentence(_in_words(value)) or "Done."


def _failure(reason: str) -> str:
    trace = _TRACE_LAST_LINE.search(reason)
    said = clean(_ERROR.sub("", trace["last"] if trace else reason), 300)
    return f"Sorry, that did not work. {sentence(said)}".strip()


def _in_words(value: Any, depth: int = 0) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list) and depth > 2:
        return "more"
    if isinstance(value, dict):
        pairs = [
            f"{' '.join(name_words(str(key))) or key} {'' if isinstance(member, dict) else 'is '}"
            f"{_in_words(member, depth + 1)}"
            for key, member in list(value.items())[:MAX_SPOKEN_MEMBERS]
            if member is not None
        ]
        return ", ".join(pairs)
    if isinstance(value, list):
        members = [_in_words(member, depth + 1) for member in value[:MAX_SPOKEN_MEMBERS]]
        more = len(value) - len(members)
        return spoken_list([*members, f"{more} more"] if more else members)
    return _scalar(str(value))


def _scalar(text: str) -> str:
    if _ISO_DATE.match(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return clean(text, 300)
        day = f"{moment.day} {moment:%B %Y}"
        return day if _ISO_DATE.fullmatch(text) else f"{day} at {moment:%H:%M}"
    return clean(text, 300).rstrip(".")


def abilities(tools: Sequence[Tool], at_most: int = 4) -> list[str]:
    """What the tools do, each as the end of "I can …"."""
    listed = [_ability(tool) for tool in tools[:at_most]]
    return [*listed, "do more besides"] if len(tools) > at_most else listed


def _ability(tool: Tool) -> str:
    first = _FIRST_CLAUSE.split(clean(tool.description, 200))[0].strip(" ,")
    words = first.split()
    if not words:
        return " ".join(name_words(tool.name))
    lead = words[0].lower()
    if lead in _NOUN_LEADS or words[1:2] in (["of"], ["for"]):
        return f"tell you {lead} {' '.join(words[1:])}".strip()
    if lead in ("returns", "gets"):
        lead = "get"
    elif lead.endswith("s") and not lead.endswith("ss"):
        lead = lead[:-1]
    return " ".join([lead, *words[1:14]])
