"""Only a caller who heard the question and said yes lets a call run, and once."""

from __future__ import annotations

import pytest

from agent.answers import load_answers
from agent.tool_calls.arguments import Arguments, canonical
from agent.tool_calls.confirmation import Confirmations, Verdict

QUESTION = "Shall I book Tuesday at three for Anna?"


def args(**values: object) -> Arguments:
    """Arguments of a call."""
    return Arguments(values, canonical(values))


TUESDAY, WEDNESDAY = args(day="tuesday"), args(day="wednesday")


@pytest.fixture
def confirmations() -> Confirmations:
    """The questions of an English call."""
    return Confirmations(lambda: load_answers("en"))


def ask(
    confirmations: Confirmations, heard: str = QUESTION, arguments: Arguments = TUESDAY
) -> None:
    """The question is put, and this much of it heard."""
    question = confirmations.asking("book", arguments, QUESTION, exact=True)
    confirmations.put(question, heard)


def test_a_yes_lets_it_run_once(confirmations: Confirmations) -> None:
    """After the yes the very call runs; the next one is asked about anew."""
    assert confirmations.verdict("book", TUESDAY) is Verdict.ASK
    ask(confirmations)
    assert confirmations.verdict("book", TUESDAY) is Verdict.WAIT
    confirmations.caller_said("Yes, please.")
    assert confirmations.verdict("book", TUESDAY) is Verdict.RUN
    assert confirmations.take() == TUESDAY
    assert confirmations.verdict("book", TUESDAY) is Verdict.ASK
    with pytest.raises(LookupError):
        confirmations.take()


def test_no_yes_before_the_question_was_heard(confirmations: Confirmations) -> None:
    """A yes that is said while the question is on its way is no answer to it."""
    question = confirmations.asking("book", TUESDAY, QUESTION, exact=True)
    confirmations.caller_said("yes")
    assert confirmations.verdict("book", TUESDAY) is Verdict.WAIT
    confirmations.put(question, QUESTION)
    assert confirmations.verdict("book", TUESDAY) is Verdict.WAIT


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [
        ("Shall I book Tuesday at three for", Verdict.RUN),
        ("Shall I book", Verdict.ASK),
        ("", Verdict.ASK),
        ("Do you like music, and would you say it is nice?", Verdict.ASK),
    ],
)
def test_a_yes_over_the_question(
    confirmations: Confirmations, heard: str, verdict: Verdict
) -> None:
    """Over its last words a yes counts; over its first, or after another question, it does not."""
    ask(confirmations, heard)
    confirmations.caller_said("Yes!")
    assert confirmations.verdict("book", TUESDAY) is verdict


def test_a_speech_that_ends_late_says_nothing_of_the_next_one(
    confirmations: Confirmations,
) -> None:
    """A question was cut off and is being put again, when it turns out how much was heard."""
    first = confirmations.asking("book", TUESDAY, QUESTION, exact=True)
    second = confirmations.asking("book", TUESDAY, QUESTION, exact=True)
    confirmations.put(first, "Shall I")
    confirmations.put(second, QUESTION)
    confirmations.caller_said("Yes!")
    assert confirmations.verdict("book", TUESDAY) is Verdict.RUN


def test_a_no_over_the_question_counts(confirmations: Confirmations) -> None:
    """Nobody has to hear a question out to say no."""
    ask(confirmations, "Shall I")
    confirmations.caller_said("No, stop!")
    assert confirmations.verdict("book", TUESDAY) is Verdict.DECLINED


def test_other_arguments_are_asked_about_anew(confirmations: Confirmations) -> None:
    """A yes to Tuesday is none to Wednesday, nor to another tool."""
    ask(confirmations)
    assert confirmations.verdict("book", WEDNESDAY) is Verdict.OTHER_QUESTION
    confirmations.caller_said("yes")
    assert confirmations.verdict("book", WEDNESDAY) is Verdict.ASK
    assert confirmations.verdict("cancel", TUESDAY) is Verdict.ASK


def test_a_no_holds_until_the_caller_speaks_again(confirmations: Confirmations) -> None:
    """After a no the model cannot ask on in the same turn."""
    ask(confirmations)
    confirmations.caller_said("No.")
    assert confirmations.verdict("book", TUESDAY) is Verdict.DECLINED
    assert confirmations.verdict("book", TUESDAY) is Verdict.DECLINED
    confirmations.caller_said("Well, let us do it after all")
    assert confirmations.verdict("book", TUESDAY) is Verdict.ASK


def test_an_unclear_answer_is_asked_about_once_more(confirmations: Confirmations) -> None:
    """Twice, then it is given up until the caller speaks again."""
    ask(confirmations)
    confirmations.caller_said("What was that?")
    assert confirmations.verdict("book", TUESDAY) is Verdict.ASK
    ask(confirmations)
    confirmations.caller_said("Hm, maybe")
    assert confirmations.verdict("book", TUESDAY) is Verdict.GIVE_UP
    assert confirmations.verdict("book", TUESDAY) is Verdict.GIVE_UP


def test_a_yes_is_taken_back(confirmations: Confirmations) -> None:
    """Whoever says yes and then something else has not agreed any more; who says yes twice has."""
    ask(confirmations)
    confirmations.caller_said("yes")
    confirmations.caller_said("yes please")
    assert confirmations.verdict("book", TUESDAY) is Verdict.RUN
    confirmations.caller_said("Wait, no.")
    assert confirmations.verdict("book", TUESDAY) is Verdict.ASK
