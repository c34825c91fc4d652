"""What the user wants done: which tool, with what, and what is still to be asked. Nothing is
remembered between replies; the state is read from the conversation every time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent.sandbox.dialogue.arguments import Said, Values, assemble, fill, missing
from agent.sandbox.dialogue.conversation import Conversation, Turn
from agent.sandbox.dialogue.heard import Heard, Listening
from agent.sandbox.dialogue.matching import STRONG, THRESHOLD, Match, Matcher
from agent.sandbox.dialogue.messages import Tool
from agent.sandbox.dialogue.phrasing import question
from agent.sandbox.dialogue.slots import Shape, Slot
from agent.sandbox.dialogue.smalltalk import is_aside
from agent.sandbox.dialogue.values import extract
from agent.sandbox.dialogue.words import ACTIONS, COMMON, words_of

MAX_REPLAYED_TURNS = 6
MAX_CLAUSES = 5

_CANCEL = re.compile(
    r"^\W*(?:(?:oh|no|ok|okay|actually|please|um|uh|sorry|well)\W+)*"
    r"(?:never ?mind(?: (?:that|it|about it))?|forget (?:it|that|about it)|cancel(?: that| it)?"
    r"|stop(?: it| that)?|leave it|drop it|no(?:\W+thank(?:s| you))?|nothing)\W*"
    r"(?:please|thanks|thank you)?\W*$",
    re.IGNORECASE,
)
_AND = re.compile(r",?\s+(?:and then|and also|and|then|also)\s+", re.IGNORECASE)
_NOT_IN_A_VALUE = (COMMON | ACTIONS) - {"new"}  # New York, New Delhi
_YES = re.compile(
    r"^\W*(?:(?:oh|um|uh|well|ok|okay)\W+)*(?:yes|yeah|yep|sure|correct|exactly|right|of course"
    r"|go ahead|please do|do it)\b(?!\W+but\b)",
    re.IGNORECASE,
)
_CALL_AGAIN = re.compile(r"\bcall (?:this|it|the (?:tool|function)) again\b", re.IGNORECASE)
"""What the result of a tool says that waits for the user's yes."""
_OF_MINE = re.compile(r"^\W*(?:when|where|what|which) (?:is|are|was|were) (?=my\b)", re.IGNORECASE)
_ONCE_MORE = re.compile(r"^\W*(?:and|(?:and )?(?:what|how) about|also)\b\W*", re.IGNORECASE)
_REPEATABLE = frozenset({"place", "code", "date", "weekday"})
"""Kinds of which one request may name several: "in Paris and in Tokyo" is two calls."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A request and the answers given to questions about it."""

    tool: Tool
    shape: Shape
    said: tuple[Said, ...]

    def slot_to_ask(self, now: datetime) -> Slot | None:
        """What must still be asked before the call."""
        values, _ = fill(self.shape, self.said, now)
        return missing(self.shape, values)


@dataclass(frozen=True, slots=True)
class Intent:
    """What to do about the user's last words: make `calls`, or ask for `ask`, or neither."""

    calls: tuple[tuple[Tool, dict[str, Any]], ...] = ()
    ask: Slot | None = None
    cancelled: bool = False
    aside: bool = False
    """Small talk while a question is open: answer it and ask again."""
    misheard: bool = False
    """The last words were meant as the answer to the question, but do not fit it."""


def intent_of(conversation: Conversation, matcher: Matcher, now: datetime) -> Intent:
    """What the user's last words ask for, in the light of the questions before them."""
    text = conversation.now_saying
    agreed = _agreed(text, conversation.turns[:-1], matcher)
    if agreed is not None:
        return Intent(calls=agreed)
    before = _open_topic(conversation.turns[:-1], matcher, now)
    if before is not None and _is_cancelled(text, before, now):
        return Intent(cancelled=True)
    topic = _follow(before, text, matcher, now)
    if topic is None:
        return Intent(calls=_once_more(text, conversation.turns[:-1], matcher, now))
    slot = topic.slot_to_ask(now)
    if slot is not None:
        asked_before = topic.said[-1].answers == slot.path
        return Intent(ask=slot, aside=topic == before, misheard=asked_before)
    return Intent(calls=_calls(topic, matcher, now))


def forced_call(
    conversation: Conversation, matcher: Matcher, tools: Sequence[Tool], now: datetime
) -> tuple[Tool, dict[str, Any]]:
    """The best call among `tools` for what was said; what was not said gets a default."""
    text = conversation.now_saying
    topic = _follow(_open_topic(conversation.turns[:-1], matcher, now), text, matcher, now)
    if topic is None or topic.tool not in tools:
        ranked = [match.tool for match in matcher.rank(text) if match.tool in tools]
        tool = ranked[0] if ranked else tools[0]
        topic = Topic(tool, matcher.shape(tool), (Said(text),))
    values, _ = fill(topic.shape, topic.said, now)
    return topic.tool, assemble(topic.shape, values, said=topic.said[0].text, now=now)


def _open_topic(turns: Sequence[Turn], matcher: Matcher, now: datetime) -> Topic | None:
    """The request that a question of ours has left open after `turns`."""
    topic: Topic | None = None
    for turn in turns[-MAX_REPLAYED_TURNS:]:
        if turn.user is None:
            continue
        cancelled = topic is not None and _is_cancelled(turn.user, topic, now)
        topic = None if cancelled else _follow(topic, turn.user, matcher, now)
        slot = topic.slot_to_ask(now) if topic else None
        if slot is None or turn.calls or not _was_asked(question(slot), turn.replies):
            topic = None
    return topic


def _was_asked(asked: str, replies: Sequence[str]) -> bool:
    """Whether the replies put the question; one cut off by the user counts as far as it got."""
    return not replies or any(
        asked in reply or asked.startswith(reply.rstrip(" .…-")) for reply in replies
    )


def _is_cancelled(text: str, topic: Topic, now: datetime) -> bool:
    if not _CANCEL.match(text):
        return False
    slot = topic.slot_to_ask(now)
    plain_no = re.fullmatch(r"\W*no\W*", text, re.IGNORECASE)
    return not (plain_no and slot is not None and slot.kind == "boolean")


def _follow(topic: Topic | None, text: str, matcher: Matcher, now: datetime) -> Topic | None:
    """The topic after `text`: the open one with an answer more, or another."""
    match = _best(text, matcher)
    slot = topic.slot_to_ask(now) if topic else None
    if topic is None or slot is None:
        return Topic(match.tool, match.shape, (Said(text),)) if match else None
    if match and _changes_subject(match, topic, slot):
        return Topic(match.tool, match.shape, (Said(text),))
    if is_aside(text):
        return topic
    restated = match is not None and match.tool is topic.tool and slot.path in match.values
    answer = Said(text) if restated and slot.kind != "text" else Said(text, answers=slot.path)
    return replace(topic, said=(*topic.said, answer))


def _best(text: str, matcher: Matcher) -> Match | None:
    """The tool that `text` means; two requests in one are worth less as a whole than apart."""
    match = matcher.best(text)
    if match is None:
        apart = [matcher.best(clause) for clause in _AND.split(text, maxsplit=MAX_CLAUSES)]
        clear = [found for found in apart if found]
        match = clear[0] if len(clear) > 1 else None
    # "When is my appointment?" has no word for what is wanted: to be told what there is.
    listing = matcher.best(_OF_MINE.sub("list ", text)) if _OF_MINE.match(text) else None
    if listing is not None and missing(listing.shape, listing.values) is None:
        return listing
    return match


def _changes_subject(match: Match, topic: Topic, slot: Slot) -> bool:
    needed = STRONG if slot.kind in ("text", "person", "place") else THRESHOLD
    return match.tool is not topic.tool and match.score >= needed


def _calls(
    topic: Topic, matcher: Matcher, now: datetime
) -> tuple[tuple[Tool, dict[str, Any]], ...]:
    text = topic.said[0].text
    several = _requests(text, matcher, now) if len(topic.said) == 1 else []
    complete = [r for r in several if missing(r.shape, r.values) is None]
    if len(complete) < 2:
        values, _ = fill(topic.shape, topic.said, now)
        complete = [_Request(topic.tool, topic.shape, values)]
    return tuple((r.tool, assemble(r.shape, r.values, said=text, now=now)) for r in complete)


def _agreed(
    text: str, turns: Sequence[Turn], matcher: Matcher
) -> tuple[tuple[Tool, dict[str, Any]], ...] | None:
    """The call that was to be made again after a yes; None where nothing waits for one."""
    waiting = turns and turns[-1].results and _CALL_AGAIN.search(turns[-1].results[-1].text)
    if not waiting or not turns[-1].calls:
        return None
    made = turns[-1].calls[-1]
    offer = matcher.offer(made.name)
    if not _YES.match(text) or offer is None or not isinstance(made.arguments, dict):
        return None
    return ((offer[0], made.arguments),)


def _once_more(
    text: str, turns: Sequence[Turn], matcher: Matcher, now: datetime
) -> tuple[tuple[Tool, dict[str, Any]], ...]:
    """The last call with another value, for "and in Tokyo?" or the answer to a tool's question."""
    if not turns or not turns[-1].calls:
        return ()
    lead = _ONCE_MORE.match(text)
    if lead is None and not "".join(turns[-1].replies[-1:]).endswith("?"):
        return ()
    made = turns[-1].calls[-1]
    offer = matcher.offer(made.name)
    if offer is None or not isinstance(made.arguments, dict):
        return ()
    tool, shape = offer
    before: Values = {(name,): value for name, value in made.arguments.items() if value is not None}
    changed = _another_value(_Request(tool, shape, before), text[lead.end() if lead else 0 :], now)
    if not changed:
        return ()
    return ((tool, assemble(shape, before | changed, said=text, now=now)),)


@dataclass(frozen=True, slots=True)
class _Request:
    tool: Tool
    shape: Shape
    values: Values
    text: str = ""


def _requests(text: str, matcher: Matcher, now: datetime) -> list[_Request]:
    """The requests that one utterance joins by "and": for other tools, or the same for more."""
    found: list[_Request] = []
    for clause in _AND.split(text, maxsplit=MAX_CLAUSES):
        match = matcher.best(clause)
        if match is not None:
            found.append(_Request(match.tool, match.shape, match.values, clause))
        elif found:
            more = _another_value(found[-1], clause, now)
            if more:
                found.append(replace(found[-1], values=found[-1].values | more))
            else:
                joined = f"{found[-1].text} and {clause}"
                values, _ = fill(found[-1].shape, [Said(joined)], now)
                found[-1] = replace(found[-1], text=joined, values=values)
    return found


def _another_value(request: _Request, clause: str, now: datetime) -> Values:
    """The value that `clause` puts in the place of one in `request`: "in Tokyo"."""
    rest = Heard(clause).answer()
    spoken = words_of(rest)
    if not 0 < len(spoken) <= 4 or any(word in _NOT_IN_A_VALUE for word in spoken):
        return {}
    for slot in request.shape.slots():
        if slot.kind in _REPEATABLE and slot.path in request.values:
            value = extract(Heard(rest), slot, Listening(now, answering=True))
            if value is not None and value != request.values[slot.path]:
                return {slot.path: value}
    return {}
