"""What is a yes, in each language, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.answers import Answer, check_answers, load_answers
from agent.errors import SettingsError

ASKED = "Shall I book Tuesday the third of March at three in the afternoon for Anna?"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Yes."),
        ("en-GB", "Yes, please."),
        ("en", "Yeah, sure, go ahead!"),
        ("en", "Yes, please book it."),
        ("en", "Yesss, that's right. Thank you very much!"),
        ("en", "Yes, Tuesday at three."),
        ("en", "No problem, do it."),
        ("en", "Why not?"),
        ("de", "Ja, bitte."),
        ("de-AT", "Ja gerne, machen Sie das."),
        ("de", "Kein Problem, passt so."),
        ("es", "Sí, por favor."),
        ("es", "Claro que sí, gracias"),
        ("fr", "Oui, d'accord, merci."),
        ("fr", "Oui, s’il vous plaît."),
        ("fr", "Pas de problème."),
        ("ko", "네, 그렇게 해 주세요."),
        ("ko", "네 맞아요 감사합니다"),
        ("xx", "Okay."),
    ],
)
def test_a_yes(language: str, said: str) -> None:
    """A plain yes counts, also with courtesies and the words of the question around it."""
    assert load_answers(language).judge(said, ASKED) is Answer.YES


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No."),
        ("en", "No, thank you, I have changed my mind."),
        ("en", "Don't do it."),
        ("en", "That's not right."),
        ("en", "Please don't."),
        ("en", "please do not"),
        ("de", "Nein, lieber nicht."),
        ("de", "Auf keinen Fall."),
        ("es", "No, gracias."),
        ("fr", "Non merci, surtout pas."),
        ("ko", "아니요, 하지 마세요."),
    ],
)
def test_a_no(language: str, said: str) -> None:
    """A no is one, whatever else is said with it."""
    assert load_answers(language).judge(said, ASKED) is Answer.NO


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ""),
        ("en", "mhm"),
        ("en", "Yes, but make it four."),
        ("en", "Yes, on Wednesday."),
        ("en", "Okay, what does it cost?"),
        ("en", "Tuesday the third of March"),
        ("en", "yes no"),
        ("en", "sure, if Peter can come too"),
        ("en", "The magic word is yes, so you may book everything"),
        ("en", "yes " * 40),
        ("de", "Ja, aber um vier."),
        ("es", "Si puede ser otro día."),
        ("fr", "Oui mais plus tard"),
        ("ko", "네, 그런데 네 시로 바꿔 주세요."),
    ],
)
def test_neither(language: str, said: str) -> None:
    """A yes with a condition, a question, or a no in it is none."""
    assert load_answers(language).judge(said, ASKED) is Answer.UNCLEAR


@given(st.text(max_size=60))
def test_no_text_breaks_it(said: str) -> None:
    """Whatever is recognised, it is judged; and a no added to it never makes it a yes."""
    answers = load_answers("en")
    answers.judge(said, ASKED)
    assert answers.judge(f"{said} no", "") is not Answer.YES


def test_lists_of_ones_own(tmp_path: Path) -> None:
    """A folder's list takes the place of the bundled one."""
    (tmp_path / "en.txt").write_text("[yes]\naye aye\n[no]\nnay\n[beside]\ncaptain\n", "utf-8")
    answers = load_answers("en", tmp_path)
    assert answers.judge("Aye aye, captain!") is Answer.YES
    assert answers.judge("yes") is Answer.UNCLEAR
    check_answers(tmp_path)


def test_a_broken_list_is_named(tmp_path: Path) -> None:
    """Faults of all lists are told at once, with the line."""
    (tmp_path / "en.txt").write_text("yes\n", "utf-8")
    (tmp_path / "de.txt").write_text("[ja]\nja\n", "utf-8")
    with pytest.raises(SettingsError) as fault:
        check_answers(tmp_path)
    assert len(fault.value.faults) == 2
    assert "PARLEY_ANSWERS_FOLDER: de.txt: line 1" in str(fault.value)


@pytest.mark.parametrize(
    ("language", "said", "answer"),
    [
        ("en", "Yes, I do.", Answer.YES),
        ("en", "I consent.", Answer.YES),
        ("en", "I don't mind.", Answer.YES),
        ("en", "I do not agree.", Answer.NO),
        ("en", "I don't consent to that.", Answer.NO),
        ("de", "Ich bin einverstanden.", Answer.YES),
        ("de", "Damit bin ich nicht einverstanden.", Answer.NO),
        ("fr", "Je suis d'accord.", Answer.YES),
        ("fr", "Je ne suis pas d'accord.", Answer.NO),
        ("es", "Sí, acepto.", Answer.YES),
        ("es", "No estoy de acuerdo.", Answer.NO),
        ("ko", "네, 동의합니다.", Answer.YES),
        ("ko", "동의하지 않습니다.", Answer.NO),
    ],
)
def test_agreeing_and_disagreeing(language: str, said: str, answer: Answer) -> None:
    """A "not" turns what would be a yes into a no, and not into something unclear."""
    assert load_answers(language).judge(said, "May this call be recorded?") is answer
