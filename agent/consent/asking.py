"""Putting the question, and what becomes of the answer. It ends with the greeting in any case.

The caller's turns are taken here until then, so that no model answers them. The words of a turn
come with it in the cascade; a realtime model tells them later, and may not tell them at all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from agent.answers import Answer
from agent.call.consent import AnsweredBy, Consent
from agent.consent.sentences import Sentences

logger = logging.getLogger(__name__)

MOST_ASKED = 2
WORDS_PATIENCE_S = 2.5
"""For the words of a turn that came without them; a silence of 3 s would be bridged."""
QUESTION_LIMIT_S = 30.0
"""A question that takes longer was not put: whatever speaks has failed, and supervision acts."""
LOOK_AGAIN_S = 0.5
MOST_WAITED_S = 30.0
"""For a caller who goes on speaking, or a sound that does."""
ENDS_WITHIN_S = 1.0
"""A question that is interrupted."""
LEAST_HEARD = 0.66
"""Of a question's words, for a yes to count as its answer."""

_KEYS = {"1": Answer.YES, "2": Answer.NO}


class Line(Protocol):
    """How the caller is spoken with."""

    async def give_notice(self) -> None:
        """Say what comes before the question, if anything does, to its end."""
        ...

    async def put(self, words: str) -> float:
        """Say a question, in the place of what is being said; the share of it that the caller
        heard, once it is over.
        """
        ...

    async def greet(self, first: str) -> None:
        """Begin to say something and the persona's first words, in the place of what is being said;
        does not wait for them.
        """
        ...

    @property
    def caller_speaks(self) -> bool:
        """Whether a voice is heard at this moment."""
        ...


class Asking:
    """Asks one caller for consent.

    Args:
        consent: What is decided.
        line: How the caller is spoken with.
        sentences: What is said, in the caller's language of that moment.
        judge: What a caller's words say to a question.
        has_keypad: Whether the caller has keys to press.
        answer_s: From the question's end to an answer.
        words_s: From a turn without words to its words.
    """

    def __init__(
        self,
        consent: Consent,
        line: Line,
        *,
        sentences: Callable[[], Sentences],
        judge: Callable[[str, str], Answer],
        has_keypad: Callable[[], bool],
        answer_s: float,
        words_s: float = WORDS_PATIENCE_S,
    ) -> None:
        self._consent = consent
        self._line = line
        self._sentences = sentences
        self._judge = judge
        self._has_keypad = has_keypad
        self._answer_s = answer_s
        self._words_s = words_s
        self._answers: asyncio.Queue[tuple[Answer, AnsweredBy]] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None
        self._question = ""
        self._heard = False
        self._spoke = False
        self._wordless: asyncio.TimerHandle | None = None
        self._taken = False
        self._owed = False

    @property
    def is_open(self) -> bool:
        """Whether the caller is being asked, and turns of theirs are answers."""
        return self._work is not None and not self._work.done()

    def begin(self) -> None:
        """Ask, and greet when it is decided. While the caller is being asked, this does nothing."""
        if not self.is_open:
            self._work = asyncio.create_task(self._ask(), name="consent.ask")
            self._work.add_done_callback(_log_error)

    async def aclose(self) -> None:
        """Ask no more: the call is over."""
        self._forget_wordless()
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def takes(self, words: str) -> bool:
        """Whether a turn of the caller's was meant for this, and gets no other answer. Its words
        are empty where they come later, to `said`.
        """
        if not self.is_open:
            # Its words have decided before it was over: a sound over the question is held until
            # they come, and becomes a turn after them.
            owed, self._owed = self._owed, False
            return owed
        self._spoke = self._taken = True
        if words.strip():
            self.said(words)
        elif self._wordless is None:
            loop = asyncio.get_running_loop()
            self._wordless = loop.call_later(self._words_s, self._not_understood)
        return True

    def began_to_speak(self) -> None:
        """The caller's voice is heard."""
        self._spoke = True
        self._taken = self._owed = False

    def said(self, words: str) -> None:
        """The words of a turn. Those of one from before the question are none for it."""
        if self.is_open and self._spoke and words.strip():
            self._forget_wordless()
            self._answer(self._judge(words, self._question), "voice")

    def typed(self, words: str) -> bool:
        """Whether written words were meant for this."""
        if self.is_open:
            self._answer(self._judge(words, self._question), "text")
        return self.is_open

    def pressed(self, key: str) -> None:
        """A key of a telephone."""
        if self.is_open and key in _KEYS:
            self._answer(_KEYS[key], "key")

    def _answer(self, answer: Answer, by: AnsweredBy) -> None:
        logger.info("consent was answered", extra={"answer": answer.value, "by": by})
        self._answers.put_nowait((answer, by))

    def _not_understood(self) -> None:
        self._wordless = None
        self._answer(Answer.UNCLEAR, "voice")

    def _forget_wordless(self) -> None:
        if self._wordless is not None:
            self._wordless.cancel()
            self._wordless = None

    async def _ask(self) -> None:
        await self._line.give_notice()
        for time in range(MOST_ASKED):
            answer, by = await self._put(again=time > 0)
            if answer is not Answer.UNCLEAR:
                await self._decide(answer, by)
                return
        await self._decide(Answer.NO, "silence")

    async def _decide(self, answer: Answer, by: AnsweredBy) -> None:
        sentences = self._sentences()
        self._owed = by == "voice" and not self._taken
        if answer is Answer.YES:
            self._consent.give(by)
        else:
            self._consent.refuse(by)
        logger.info("consent was decided", extra={"consent": self._consent.state, "by": by})
        await self._line.greet(sentences.given if answer is Answer.YES else sentences.refused)

    async def _put(self, *, again: bool) -> tuple[Answer, AnsweredBy]:
        sentences = self._sentences()
        self._question = sentences.question
        self._spoke = False
        while not self._answers.empty():
            self._answers.get_nowait()
        answer = asyncio.create_task(self._answers.get(), name="consent.answer")
        words = sentences.asking(keypad=self._has_keypad(), again=again)
        putting = asyncio.create_task(self._say(words), name="consent.put")
        try:
            await asyncio.wait(
                (putting, answer), timeout=QUESTION_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
            )
            await self._wait_for(answer)
            if not answer.done():
                return Answer.UNCLEAR, "silence"
            is_yes = answer.result() == (Answer.YES, "voice")
            if is_yes and not await self._was_heard(putting):
                return Answer.UNCLEAR, "voice"
            return answer.result()
        finally:
            self._forget_wordless()
            for task in (answer, putting):
                task.cancel()
            await asyncio.gather(answer, putting, return_exceptions=True)

    async def _say(self, words: str) -> None:
        if await self._line.put(words) >= LEAST_HEARD:
            self._heard = True

    async def _was_heard(self, putting: asyncio.Task[None]) -> bool:
        """Whether the caller has heard enough of the question to answer it, now or the first time.
        An answer over it ends it.
        """
        if not self._heard:
            await asyncio.wait((putting,), timeout=ENDS_WITHIN_S)
        return self._heard

    async def _wait_for(self, answer: asyncio.Task[tuple[Answer, AnsweredBy]]) -> None:
        """Who is speaking is let finish, and what was said is waited for."""
        await asyncio.wait((answer,), timeout=self._answer_s)
        waited_s = 0.0
        while not answer.done() and waited_s < MOST_WAITED_S and self._is_answering:
            await asyncio.wait((answer,), timeout=LOOK_AGAIN_S)
            waited_s += LOOK_AGAIN_S

    @property
    def _is_answering(self) -> bool:
        return self._line.caller_speaks or self._wordless is not None


def _log_error(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("consent could not be asked for", exc_info=error)
