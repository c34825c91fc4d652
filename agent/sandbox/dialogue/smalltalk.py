"""Talk that needs no tool and no language model."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.sandbox.dialogue.conversation import Conversation
from agent.sandbox.dialogue.directives import GOODBYE, OFFER
from agent.sandbox.dialogue.messages import Tool
from agent.sandbox.dialogue.numbers import in_words, with_digits
from agent.sandbox.dialogue.phrasing import abilities
from agent.sandbox.dialogue.words import (
    COMMON,
    clean,
    content_words,
    is_farewell,
    sentence,
    spoken_list,
    title_case,
    words_of,
)

MAX_COUNT = 100
MAX_SPELLED = 40
MAX_FAREWELL_WORDS = 3
KEY_HINT = "For open talk with a real model, set OPENAI_API_KEY."
STORY = (
    "A lighthouse keeper once lived where the coast ran out of road. Every evening she climbed two "
    "hundred and twelve steps, lit the lamp, and wrote the weather into a book with a blue cover. "
    "One night the fog came in so thick that the light stopped at the window. So she took the old "
    "brass bell from the hall, carried it to the rocks, and rang it slowly until the morning. When "
    "the fog lifted, three fishing boats lay in the bay, and on the deck of each the crew was "
    "asleep. They had followed the sound home. Nobody asked her about it, and she wrote only one "
    "line into the book: calm, some fog, all well."
)

_FILLER = re.compile(
    r"^(?:(?:um+|uh+|er+|ah|oh|well|so|ok|okay|now|and|then|but|please|hey(?= \w)|alright"
    r"|all right)\b\W*)+|\W*\b(?:please|for me|right now|then)\W*$",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"^(?:(?:can|could|would|will) you (?:please |just )?"
    r"|i (?:want|would like|'d like) you to |please )",
    re.IGNORECASE,
)
_GREETING = r"(?:hello|hi|hey|hiya|greetings|good (?:morning|afternoon|evening|day))"
_NOT_NAMES = COMMON | {
    *("fine", "tired", "hungry", "happy", "sad", "late", "lost", "ready", "busy", "sick", "old")
}
_MY_NAME = re.compile(
    r"\b(?:my name is|my name's|call me|i am called|(?:^|\W)(?:i am|i'm|this is))\s+"
    r"([^\W\d_][\w'-]*(?: [A-Z][\w'-]*)?)",
    re.IGNORECASE,
)
_FOREIGN = frozenset(
    """
    ich nicht das ist der die wie und ein eine bitte que el la los est je vous nous une les pas por
    para como una gracias il che sono hoe het een ik niet wat uhr kan mir
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What small talk may know: the conversation and the tools on offer."""

    conversation: Conversation
    tools: Sequence[Tool]

    def greeting(self) -> str:
        """The first words of a call."""
        name = self.conversation.agent_name
        return f"Hello, this is {name}. {OFFER}" if name else f"Hello. {OFFER}"


Talk = Callable[[re.Match[str], Scene], str]


def small_talk(text: str, scene: Scene) -> str:
    """An answer to `text` where it is small talk, else empty."""
    bare = _bare(text)
    for pattern, talk in _TALKS:
        match = pattern.fullmatch(bare)
        said = talk(match, scene) if match else ""
        if said:
            return said
    return arithmetic(text)


def is_aside(text: str) -> bool:
    """Whether `text` is talk beside the matter, which cannot be the answer to a question."""
    bare = _bare(text)
    return any(pattern.fullmatch(bare) for pattern, _ in _ASIDES)


def open_talk(text: str, scene: Scene) -> str:
    """A plain word about what the sandbox cannot do and what it can."""
    if _is_foreign(text):
        return f"I only understand English: this is the offline sandbox. {_can_do(scene)}"
    said_before = any(KEY_HINT in r for turn in scene.conversation.turns for r in turn.replies)
    return " ".join(
        [
            "I have no answer to that, because I am the offline sandbox without a language model.",
            _can_do(scene),
            *([] if said_before else [KEY_HINT]),
        ]
    )


def arithmetic(text: str) -> str:
    """The answer where `text` is a sum of two numbers, else empty."""
    match = _SUM.fullmatch(with_digits(_bare(text)))
    if match is None:
        return ""
    left, right = (float(re.sub(r"\s", "", match[k].replace("minus", "-"))) for k in ("a", "b"))
    word, calculate = next(
        (word, calculate) for names, word, calculate in _OPERATIONS if match["op"] in names
    )
    if calculate is operator.truediv and right == 0:
        return "Nothing can be divided by zero."
    result = round(calculate(left, right), 4)
    return f"{left:.10g} {word} {right:.10g} is {result:.10g}."


_OPERATIONS: tuple[tuple[tuple[str, ...], str, Callable[[float, float], float]], ...] = (
    (("plus", "and", "+"), "plus", operator.add),
    (("minus", "less", "-"), "minus", operator.sub),
    (("times", "multiplied by", "x", "*"), "times", operator.mul),
    (("divided by", "over", "/"), "divided by", operator.truediv),
)
_NUMBER = r"(?:minus |-)?\d{1,12}(?:\.\d{1,6})?"
_OPERATORS = r"plus|and|\+|minus|less|-|times|multiplied by|x|\*|divided by|over|/"
_SUM = re.compile(
    r"(?:what(?:'s| is|s)|how much is|calculate|compute|add)?\s*"
    rf"(?P<a>{_NUMBER})\s*(?P<op>{_OPERATORS})"
    rf"\s*(?P<b>{_NUMBER})(?:\s*(?:equals?|make|is))?"
)


def _bare(text: str) -> str:
    """`text` in lower case without courtesy, fillers and closing punctuation."""
    bare = re.sub(r"[,.!?;:]+(?=\s|$)", "", clean(text, 300).lower())
    for _ in range(2):
        bare = _REQUEST.sub("", _FILLER.sub("", bare).strip()).strip()
    return bare


def _can_do(scene: Scene) -> str:
    can = abilities(scene.tools)
    alone = ["count", "spell", "do small sums", "tell a story"]
    return f"I can {spoken_list(can or alone)}."


def _who(match: re.Match[str], scene: Scene) -> str:
    name = scene.conversation.agent_name
    return f"I am {name or 'an assistant'}, speaking from the offline sandbox."


def _name(match: re.Match[str], scene: Scene) -> str:
    name = scene.conversation.agent_name
    return f"My name is {name}." if name else "I have no name. I am the offline sandbox."


def _repeat(match: re.Match[str], scene: Scene) -> str:
    return scene.conversation.last_reply() or "I have not said anything yet."


def _what_i_said(match: re.Match[str], scene: Scene) -> str:
    said = next(scene.conversation.user_texts(), "")
    return f"You said: {said}" if said else "You have not said anything before."


def _meet(match: re.Match[str], scene: Scene) -> str:
    name = _given_name(scene.conversation.now_saying)
    return f"Nice to meet you, {name}." if name else ""


def _my_name(match: re.Match[str], scene: Scene) -> str:
    for text in scene.conversation.user_texts():
        name = _given_name(text)
        if name:
            return f"Your name is {name}."
    return "You have not told me your name."


def _given_name(text: str) -> str:
    for match in _MY_NAME.finditer(clean(text)):
        words = match[1].split()
        if words[0].lower() not in _NOT_NAMES and not words[0].lower().endswith("ing"):
            surname = words[1:] if words[1:] and words[1][0].isupper() else []
            return title_case(" ".join([words[0], *surname]))
    return ""


def _count(match: re.Match[str], scene: Scene) -> str:
    numbers = [int(n) for n in re.findall(r"\d{1,9}", with_digits(match[0]))]
    if not numbers:
        return ""
    down = "down" in match[0] or "backwards" in match[0]
    first, last = (numbers[0], numbers[1]) if len(numbers) > 1 else (1, numbers[0])
    if down and first < last:
        first, last = last, first
    if len(numbers) == 1 and down and "from" in match[0]:
        first, last = numbers[0], 1
    step = 1 if last >= first else -1
    counted = range(first, last + step, step)[:MAX_COUNT]
    return sentence(", ".join(in_words(number) for number in counted))


def _spell(match: re.Match[str], scene: Scene) -> str:
    letters = re.sub(r"[^\w]|_", "", match["word"])[:MAX_SPELLED]
    return f"{', '.join(letters.upper())}." if letters else ""


def _talks(*rows: tuple[str, Talk]) -> tuple[tuple[re.Pattern[str], Talk], ...]:
    return tuple((re.compile(pattern), talk) for pattern, talk in rows)


_ASIDES = _talks(
    (rf"{_GREETING}(?: there| everyone| again)*(?: \w+)?", lambda m, s: f"Hello. {OFFER}"),
    (
        rf"(?:{_GREETING} )?(?:\w+ )?how (?:are|re) (?:you|things)(?: doing)?(?: today)?"
        r"|how(?:'s| is) it going",
        lambda m, s: "I am fine, thank you. How can I help?",
    ),
    (
        r"(?:thanks|thank you|cheers)(?: (?:a lot|very much|so much|again|\w+))?",
        lambda m, s: "You are welcome.",
    ),
    (
        r"(?:say|repeat) (?:that|it|this|yourself)(?: again| once more| one more time)?|say again"
        r"|(?:sorry )?what (?:did|was) (?:you|that)(?: just)?(?: say| again)?"
        r"|(?:i )?(?:beg )?(?:your )?pardon(?: me)?|come again|repeat",
        _repeat,
    ),
    (
        r"(?:tell me )?what (?:can|do) you do(?: \w+){0,4}|help(?: me)?|how can you help(?: me)?"
        r"|what can i (?:ask|say|do)(?: \w+){0,4}|what (?:tools|skills) do you have",
        lambda m, s: _can_do(s),
    ),
    (
        r"(?:hello )?(?:are you (?:still )?there|(?:can you |do you )?hear me)(?: now)?",
        lambda m, s: "Yes, I can hear you.",
    ),
)
_TALKS = (
    *_ASIDES,
    *_talks(
        (r"(?:repeat after me|say) (?P<words>.+)", lambda m, s: sentence(m["words"])),
        (r"what (?:did )?i (?:just )?(?:say|said)|repeat what i (?:just )?said", _what_i_said),
        (r"(?:who|what) are you|who is this|are you (?:an? )?[\w ]{2,30}", _who),
        (
            r"(?:tell me )?(?:what(?:'s| is|s) )?your name"
            r"|who am i (?:talking|speaking) (?:to|with)",
            _name,
        ),
        (
            r"(?:tell me )?(?:(?:do you )?(?:know|remember) )?(?:what(?:'s| is|s) )?my name(?: is)?"
            r"|who am i",
            _my_name,
        ),
        (r".*\b(?:my name|call me|i am|i'm|this is)\b.*", _meet),
        (
            r"(?:yes|yeah|yep|sure|okay|ok|right|good|great|fine)?",
            lambda m, s: "All right. What would you like to do?",
        ),
        (
            r"no|nope|not really|nothing",
            lambda m, s: "All right. Just ask if you need anything.",
        ),
        (
            r"(?:never ?mind|forget it|cancel|stop|wait|hold on)(?: it| that)?",
            lambda m, s: "All right.",
        ),
        (r"count(?: \w+){1,12}", _count),
        (
            r"(?:how (?:do|would) (?:you|i) )?spell (?:the (?:word|name) )?(?P<word>[\w' -]{1,80})",
            _spell,
        ),
        (
            r"(?:tell|read|give) (?:me |us )?(?:a|another|the|your) (?:\w+ ){0,3}(?:story|tale)"
            r"|keep talking|talk (?:for a while|a lot|a bit|to me)|say something long",
            lambda m, s: STORY,
        ),
    ),
)


def farewell(text: str) -> str:
    """A goodbye where `text` takes leave and says little else, else empty."""
    leaves = is_farewell(text) and len(content_words(text)) <= MAX_FAREWELL_WORDS
    return GOODBYE if leaves else ""


def _is_foreign(text: str) -> bool:
    spoken = words_of(text)
    letters = [c for c in text if c.isalpha()]
    beyond = sum(not c.isascii() for c in letters)
    return beyond * 3 > len(letters) or sum(word in _FOREIGN for word in spoken) >= 2
