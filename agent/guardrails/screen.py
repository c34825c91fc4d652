"""Stands between one persona's replies and the caller.

In the cascade a reply is read before anything of it is synthesised: whole sentences go on, and at
the first that breaks a rule another sentence takes the place of it and of the rest. What the model
would have done after that does not happen. In the realtime pipeline the sound comes with the words:
there the reply is cut, as soon as the words are known.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from livekit.agents import FlushSentinel, llm
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.guardrails.checks import Check
from agent.guardrails.input import WARNING
from agent.guardrails.output import Checker, Trip
from agent.guardrails.policy import JudgeRule, PersonalRule, Rule

if TYPE_CHECKING:
    from agent.guardrails.guardrails import Guardrails

Generated = llm.ChatChunk | str | FlushSentinel
Generate = Callable[[], AsyncGenerator[Generated, None]]

WARNING_ID = "parley.guardrail.warning"


class Passed(str):
    """Words that may be spoken. As a text it ends with a line break, at which the voice need not
    wait for more; `shown` is how it reads.
    """

    shown: str

    def __new__(cls, shown: str) -> Passed:
        """Words as the model wrote them."""
        passed = super().__new__(cls, shown.rstrip() + "\n" if shown.strip() else shown)
        passed.shown = shown
        return passed


class Substitute(Passed):
    """A sentence in the place of what did not pass."""

    trip: Trip
    message_id: str | None
    """Of the caller's message that it answers, where that is what did not pass."""

    @classmethod
    def of(cls, sentence: str, trip: Trip, message_id: str | None = None) -> Substitute:
        """A sentence, and what it stands for."""
        substitute = cls(sentence)
        substitute.trip, substitute.message_id = trip, message_id
        return substitute


class Screen:
    """What stands between one persona and the caller; see Guardrails.screen."""

    def __init__(
        self,
        guardrails: Guardrails,
        persona: str,
        rules: Mapping[str, Rule],
        checks: Mapping[str, Callable[[], Check]],
    ) -> None:
        self._guardrails = guardrails
        self._persona = persona
        self._rules = rules
        self._checks = checks
        self._judges = {name: r for name, r in rules.items() if isinstance(r, JudgeRule)}

    async def reply(
        self, chat_ctx: llm.ChatContext, generate: Generate
    ) -> AsyncGenerator[Generated, None]:
        """See SpeechFilter."""
        message = _unanswered(chat_ctx)
        if message is not None and (warning := self._weigh(message, chat_ctx)) is not None:
            yield warning
            return
        checker = self._checker()
        async with aclosing(generate()) as generated:
            async for chunk in generated:
                trip = checker.read(_words_of(chunk))
                if trip is None and _ends_words(chunk):
                    trip = checker.finish()  # before a tool that it calls is run
                for part in await self._released(checker, trip):
                    yield part
                    if isinstance(part, Substitute):
                        return
                if not isinstance(chunk, str):
                    yield _without_words(chunk)
        for part in await self._released(checker, checker.finish()):
            yield part

    async def spoken(
        self, words: AsyncIterable[str], *, filtered: bool
    ) -> AsyncGenerator[str, None]:
        """See SpeechFilter."""
        if filtered:
            async for part in words:
                if isinstance(part, Substitute):
                    self._guardrails.substituted(part, self._persona, self._rules)
                yield part.shown if isinstance(part, Passed) else part
            return
        speech, checker = self._guardrails.present_speech(), self._checker()
        async for part in words:
            if (trip := checker.read(part)) and await self._stands(trip, checker):
                self._cut(trip, speech)
                return
            self._judge_meanwhile(checker, speech)
            yield part
        if (trip := checker.finish()) and await self._stands(trip, checker):
            self._cut(trip, speech)
        self._judge_meanwhile(checker, speech)

    def _weigh(self, message: llm.ChatMessage, chat_ctx: llm.ChatContext) -> Substitute | None:
        """The answer to abuse; None for other words, which the model may be warned of."""
        weighed = self._guardrails.weigh(message)
        if weighed.abusive and not self._guardrails.has_answered(message.id):
            sentence = self._guardrails.answer_to_abuse()
            return Substitute.of(sentence, Trip("abuse"), message.id)
        if weighed.suspicious and chat_ctx.get_by_id(WARNING_ID) is None:
            chat_ctx.add_message(role="system", content=WARNING, id=WARNING_ID)
        return None

    async def _released(self, checker: Checker, trip: Trip | None) -> list[Passed]:
        """What may be spoken now, and the sentence in the place of what may not."""
        released = []
        if passed := checker.take():
            judged = await self._judged(checker.text)
            if judged is None:
                released.append(Passed(passed))
            trip = judged or trip
        if trip is not None:
            sentence = self._guardrails.sentence_for(trip, self._rules)
            released.append(Substitute.of(sentence, trip))
        return released

    async def _judged(self, text: str) -> Trip | None:
        judge = self._guardrails.judge
        if judge is None:
            return None
        for name, rule in self._judges.items():
            if await judge.violates(rule.question, text):
                return Trip(name)
        return None

    def _judge_meanwhile(self, checker: Checker, speech: SpeechHandle | None) -> None:
        """Have what was said so far judged, while it is heard."""
        if checker.take() and self._judges and self._guardrails.judge is not None:
            self._guardrails.start(self._cut_if_judged(checker.text, speech))

    async def _cut_if_judged(self, text: str, speech: SpeechHandle | None) -> None:
        if (trip := await self._judged(text)) is not None:
            self._cut(trip, speech)

    async def _stands(self, trip: Trip, checker: Checker) -> bool:
        """Whether the trip is still one when the words are known that the reply answers: in the
        realtime pipeline they come late, and with them what the caller said of themselves.
        """
        if not isinstance(self._rules[trip.rule], PersonalRule):
            return True
        if not await self._guardrails.words_are_known():
            return True
        again = self._checker()
        return (again.read(checker.text) or again.finish()) is not None

    def _cut(self, trip: Trip, speech: SpeechHandle | None) -> None:
        """End what is being said, unless it has ended, or was cut by somebody else: then nobody
        hears more of it.
        """
        if speech is not None and not speech.done() and not speech.interrupted:
            self._guardrails.cut(trip, self._persona, self._rules)

    def _checker(self) -> Checker:
        return self._guardrails.checker(self._checks)


def _unanswered(chat_ctx: llm.ChatContext) -> llm.ChatMessage | None:
    """The caller's message that the reply answers; None where it goes on after a tool."""
    for item in reversed(chat_ctx.items):
        if isinstance(item, llm.ChatMessage) and item.role in ("system", "developer"):
            continue
        is_caller = isinstance(item, llm.ChatMessage) and item.role == "user"
        return item if is_caller and isinstance(item, llm.ChatMessage) else None
    return None


def _words_of(chunk: Generated) -> str:
    if isinstance(chunk, str):
        return chunk
    delta = chunk.delta if isinstance(chunk, llm.ChatChunk) else None
    return (delta.content if delta else None) or ""


def _ends_words(chunk: Generated) -> bool:
    """Whether what was said before it is whole: a tool is called, or a new segment begins."""
    if isinstance(chunk, llm.ChatChunk):
        return chunk.delta is not None and bool(chunk.delta.tool_calls)
    return isinstance(chunk, FlushSentinel)


def _without_words(chunk: Generated) -> Generated:
    if isinstance(chunk, llm.ChatChunk) and chunk.delta is not None:
        delta = chunk.delta.model_copy(update={"content": None})
        return chunk.model_copy(update={"delta": delta})
    return chunk
