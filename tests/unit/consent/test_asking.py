"""How a caller is asked for consent, and that the call goes on whatever they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.answers import Answer, load_answers
from agent.call.consent import Consent
from agent.consent import Asking, load_sentences

WORDS = load_sentences("en")
LONG_S = 30.0
SOON_S = 0.01


class Caller:
    """A Line whose caller hears at once what is said, unless told to wait."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.put_count = asyncio.Condition()
        self.questions = 0
        self.share = 1.0
        self.noticed = asyncio.Event()
        self.noticed.set()
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.caller_speaks = False

    async def give_notice(self) -> None:
        await self.noticed.wait()

    async def put(self, words: str) -> float:
        self.said.append(words)
        async with self.put_count:
            self.questions += 1
            self.put_count.notify_all()
        return self.share

    async def greet(self, first: str) -> None:
        self.greeted.set_result(first)

    async def asked(self, times: int = 1) -> None:
        async with self.put_count:
            await self.put_count.wait_for(lambda: self.questions >= times)


class Scene:
    """One caller who is asked."""

    def __init__(
        self, *, keypad: bool = False, answer_s: float = LONG_S, words_s: float = LONG_S
    ) -> None:
        self.consent = Consent(required=True)
        self.caller = Caller()
        self.asking = Asking(
            self.consent,
            self.caller,
            sentences=lambda: WORDS,
            judge=judge,
            has_keypad=lambda: keypad,
            answer_s=answer_s,
            words_s=words_s,
        )

    async def greeting(self) -> str:
        async with asyncio.timeout(5):
            return await self.caller.greeted


def judge(words: str, question: str) -> Answer:
    return load_answers("en").judge(words, question)


@asynccontextmanager
async def scene(
    *,
    keypad: bool = False,
    answer_s: float = LONG_S,
    words_s: float = LONG_S,
    share: float = 1.0,
) -> AsyncIterator[Scene]:
    made = Scene(keypad=keypad, answer_s=answer_s, words_s=words_s)
    made.caller.share = share
    made.asking.begin()
    await made.caller.asked()
    yield made
    await made.asking.aclose()


@pytest.mark.parametrize(
    ("said", "state", "first"),
    [
        ("Yes, I agree.", "given", WORDS.given),
        ("Yes, I agree that this call is recorded.", "given", WORDS.given),
        ("No.", "refused", WORDS.refused),
        ("I do not agree.", "refused", WORDS.refused),
        ("No, I would rather not be recorded.", "refused", WORDS.refused),
    ],
)
async def test_an_answer_is_taken_and_the_call_goes_on(said: str, state: str, first: str) -> None:
    """No model answers it, and it is not asked again."""
    async with scene() as call:
        assert call.asking.takes(said)
        assert await call.greeting() == first
        assert call.consent.state == state
        assert call.caller.said == [WORDS.question]


async def test_words_that_come_late_are_the_answer() -> None:
    """A realtime model takes a turn before it knows what was said."""
    async with scene() as call:
        assert call.asking.takes("")
        call.asking.said("Yes.")
        assert await call.greeting() == WORDS.given


async def test_a_turn_that_ends_after_its_words_have_decided_is_taken_too() -> None:
    """No model answers it; the next one is a turn as any other."""
    async with scene() as call:
        call.asking.began_to_speak()
        call.asking.said("Yes.")
        assert await call.greeting() == WORDS.given
        assert call.asking.takes("")
        assert not call.asking.takes("When are you open?")


async def test_a_new_turn_after_the_decision_is_not_taken() -> None:
    """The caller has begun to speak again."""
    async with scene() as call:
        call.asking.began_to_speak()
        call.asking.said("Yes.")
        await call.greeting()
        call.asking.began_to_speak()
        assert not call.asking.takes("When are you open?")


async def test_words_from_before_the_question_answer_nothing() -> None:
    """What a realtime model tells late of an earlier turn is no answer."""
    async with scene() as call:
        call.asking.said("Yes.")
        call.asking.began_to_speak()
        call.asking.said("No.")
        assert await call.greeting() == WORDS.refused


async def test_words_that_never_come_are_asked_for_once_more() -> None:
    """The caller is not left waiting for a transcript."""
    async with scene(words_s=SOON_S) as call:
        call.asking.takes("")
        await call.caller.asked(2)
        assert call.caller.said[1] == f"{WORDS.again} {WORDS.question}"
        call.asking.takes("Yes.")
        assert await call.greeting() == WORDS.given


async def test_an_unclear_answer_is_a_no_the_second_time() -> None:
    """The question is put twice, and no model's guess decides."""
    async with scene() as call:
        call.asking.takes("What is that for?")
        await call.caller.asked(2)
        call.asking.takes("When are you open?")
        assert await call.greeting() == WORDS.refused
        assert call.consent.state == "refused"
        assert call.caller.questions == 2


async def test_silence_is_a_no() -> None:
    """After one repeat the call goes on, unrecorded."""
    decided = []
    async with scene(answer_s=SOON_S) as call:
        call.consent.on_decided(decided.append)
        assert await call.greeting() == WORDS.refused
        assert [event.by for event in decided] == ["silence"]
        assert call.caller.questions == 2


async def test_who_is_speaking_is_let_finish() -> None:
    """An answer that has begun in time counts, however long it takes."""
    async with scene(answer_s=SOON_S) as call:
        call.caller.caller_speaks = True
        await asyncio.sleep(3 * SOON_S)
        call.asking.takes("Well, yes, please.")
        call.caller.caller_speaks = False
        assert await call.greeting() == WORDS.given
        assert call.caller.questions == 1


async def test_a_yes_to_a_question_that_was_not_heard_is_none() -> None:
    """Who says it over the first words has agreed to nothing yet; a no is a no at any moment."""
    async with scene(share=0.2) as call:
        call.asking.takes("Yes.")
        await call.caller.asked(2)
        call.asking.takes("No.")
        assert await call.greeting() == WORDS.refused


async def test_a_late_yes_over_the_second_question_answers_the_first() -> None:
    """Who has heard it once need not hear it again."""
    async with scene(answer_s=SOON_S) as call:
        call.caller.share = 0.1
        await call.caller.asked(2)
        call.asking.takes("Yes.")
        assert await call.greeting() == WORDS.given


async def test_keys_answer_as_well() -> None:
    """1 for yes and 2 for no, as the question says to who has keys; others are nothing."""
    async with scene(keypad=True) as call:
        assert call.caller.said == [f"{WORDS.question} {WORDS.keys}"]
        call.asking.pressed("5")
        call.asking.pressed("1")
        assert await call.greeting() == WORDS.given
    async with scene(keypad=True) as call:
        call.asking.pressed("2")
        assert await call.greeting() == WORDS.refused


async def test_a_written_answer_counts() -> None:
    """And what is written afterwards is a turn of the conversation."""
    async with scene() as call:
        assert call.asking.typed("yes")
        assert await call.greeting() == WORDS.given
        await asyncio.sleep(0)
        assert not call.asking.typed("yes")
        assert not call.asking.takes("When are you open?")


async def test_nothing_said_over_the_notice_is_an_answer() -> None:
    """The question comes first."""
    call = Scene()
    call.caller.noticed.clear()
    call.asking.begin()
    await asyncio.sleep(0)
    assert call.asking.typed("yes")
    call.asking.pressed("1")
    assert call.asking.takes("yes")
    call.caller.noticed.set()
    await call.caller.asked()
    call.asking.takes("no")
    assert await call.greeting() == WORDS.refused
    await call.asking.aclose()


async def test_it_is_asked_once_however_often_it_is_begun() -> None:
    """Supervision may ask for the first words while they are on their way."""
    async with scene() as call:
        call.asking.begin()
        call.asking.takes("Yes.")
        assert await call.greeting() == WORDS.given
        assert call.caller.questions == 1


async def test_a_call_that_ends_is_not_asked_further() -> None:
    """And nothing is decided for the caller."""
    async with scene() as call:
        await call.asking.aclose()
        assert call.consent.state == "pending"
        assert not call.asking.is_open


@pytest.mark.parametrize(("language", "word"), [("de-AT", "aufgezeichnet"), ("xx", "recorded")])
def test_it_is_asked_in_the_callers_language(language: str, word: str) -> None:
    """In English where there are no sentences."""
    assert word in load_sentences(language).question


def test_an_operator_may_ask_in_their_own_words() -> None:
    """The rest stays as it is."""
    own = load_sentences("fr", "C'est d'accord ?")
    assert own.question == "C'est d'accord ?"
    assert own.given == "Merci."
