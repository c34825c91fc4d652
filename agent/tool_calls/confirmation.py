"""A caller's yes to an effect: asked for by code, judged by code, good for one call of one tool.

Pure: it is told what was asked, heard and said, and tells what may be done. Nothing that a model
says or writes comes in here except the call itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from rapidfuzz import fuzz

from agent.answers import Answer, Answers, words_of
from agent.tool_calls.arguments import Arguments

logger = logging.getLogger(__name__)

MOST_ASKED = 2
"""Times that the same question is put before it is given up."""
HEARD_RATIO = 80
"""rapidfuzz ratio of the words heard to those of the question. Two thirds of it reach that, so a
yes over its last words counts and one over its first does not; another question does not.
"""

State = Literal["asking", "heard", "unheard", "agreed", "declined", "unclear"]


class Verdict(Enum):
    """What becomes of a call that needs the caller's yes."""

    RUN = auto()
    """They have agreed to it."""
    ASK = auto()
    """The question is to be put to them now."""
    WAIT = auto()
    """They are being asked, or have not answered yet."""
    OTHER_QUESTION = auto()
    """They are being asked about something else."""
    DECLINED = auto()
    GIVE_UP = auto()
    """They were asked often enough, and never said yes or no."""


@dataclass(slots=True)
class Question:
    """A question on its way to the caller and back."""

    tool: str
    arguments: Arguments
    words: str
    exact: bool = True
    """Whether it is to be put in just these words; else in another language."""
    asked: int = 0
    state: State = "asking"

    def is_about(self, tool: str, arguments: Arguments) -> bool:
        """Whether a call is the one that was asked about."""
        return self.tool == tool and self.arguments.canonical == arguments.canonical


class Confirmations:
    """The questions of one call, one at a time.

    Args:
        answers: The list of phrases in the caller's language of that moment.
    """

    def __init__(self, answers: Callable[[], Answers]) -> None:
        self._answers = answers
        self._question: Question | None = None

    @property
    def awaits_answer(self) -> bool:
        """Whether a question was heard to which nothing was said yet."""
        return self._question is not None and self._question.state == "heard"

    def verdict(self, tool: str, arguments: Arguments) -> Verdict:
        """What becomes of a call. Before it runs, `take` is to be called, without waiting."""
        question = self._question
        if question is None:
            return Verdict.ASK
        if not question.is_about(tool, arguments):
            open_still = question.state in ("asking", "heard")
            return Verdict.OTHER_QUESTION if open_still else Verdict.ASK
        match question.state:
            case "asking" | "heard":
                return Verdict.WAIT
            case "declined":
                return Verdict.DECLINED
            case "agreed":
                return Verdict.RUN
            case _:
                return Verdict.ASK if question.asked < MOST_ASKED else Verdict.GIVE_UP

    def take(self) -> Arguments:
        """Use a yes up: what the caller has agreed to, once.

        Raises:
            LookupError: if there is none.
        """
        question, self._question = self._question, None
        if question is None or question.state != "agreed":
            raise LookupError("nothing was agreed to")
        return question.arguments

    def asking(self, tool: str, arguments: Arguments, words: str, *, exact: bool) -> Question:
        """The question is being put. What is heard of it is told of this one: when it is put once
        more, the speech of the first time may not be over yet.
        """
        before = self._question
        asked = before.asked if before is not None and before.is_about(tool, arguments) else 0
        self._question = Question(tool, arguments, words, exact, asked + 1)
        return self._question

    def put(self, question: Question, heard: str) -> None:
        """It was put, and this much of it was heard; an empty text if it was not heard at all."""
        if question.state == "asking":
            question.state = "heard" if _was_heard(question, heard) else "unheard"

    def caller_said(self, words: str) -> None:
        """The caller has taken a turn. It answers a question that was heard; a question that was
        not can only be declined.
        """
        question = self._question
        if question is None or question.state == "asking":
            return
        answer = self._answers().judge(words, question.words)
        match question.state:
            case "heard":
                question.state = _STATES[answer]
                logger.info("a question was answered", extra={"answer": answer.value})
            case "unheard":
                question.state = "declined" if answer is Answer.NO else "unclear"
            case "agreed" if answer is Answer.YES:
                pass
            case _:  # they speak of something else by now
                self._question = None


_STATES: dict[Answer, State] = {
    Answer.YES: "agreed",
    Answer.NO: "declined",
    Answer.UNCLEAR: "unclear",
}


def _was_heard(question: Question, heard: str) -> bool:
    if not question.exact:
        return bool(heard.strip())
    asked, said = " ".join(words_of(question.words)), " ".join(words_of(heard))
    return fuzz.ratio(asked, said) >= HEARD_RATIO
