"""What a renewed realtime session is told of a long conversation."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, llm

from agent.pipeline.realtime_link.summary import (
    LINE_CHARACTERS,
    MAX_SUMMARY_CHARACTERS,
    extract,
    note_on,
    older_part,
    summary_of,
)


def said(role: llm.ChatRole, text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role=role, content=[text])


def called(call_id: str) -> llm.FunctionCall:
    return llm.FunctionCall(call_id=call_id, name="find_order", arguments='{"number": "7"}')


def returned(call_id: str) -> llm.FunctionCallOutput:
    return llm.FunctionCallOutput(
        call_id=call_id, name="find_order", output="due on Monday", is_error=False
    )


def turns(count: int) -> list[llm.ChatItem]:
    return [
        item
        for number in range(count)
        for item in (said("user", f"question {number}"), said("assistant", f"answer {number}"))
    ]


def test_a_short_conversation_is_told_word_for_word() -> None:
    """Up to the limit, however many turns it has."""
    assert older_part(turns(50), over_characters=100_000, kept_turns=2) == []
    assert older_part(turns(2), over_characters=0, kept_turns=2) == []


def test_the_last_turns_are_told_word_for_word() -> None:
    """What comes before the caller's last so many turns may be summed up."""
    items = turns(5)
    assert older_part(items, over_characters=10, kept_turns=2) == items[:6]


def test_functions_without_their_result_and_standing_notes_are_kept() -> None:
    """A result that comes late finds its call, and a notice of a handoff is no small talk."""
    pending, answered_late = called("pending"), called("late")
    whole = [called("done"), returned("done")]
    standing = said("system", "The caller is a member.")
    items = [*turns(1), *whole, pending, answered_late, standing, *turns(3), returned("late")]
    older = older_part(items, over_characters=10, kept_turns=2)
    assert [item for item in (*whole, pending, answered_late, standing) if item in older] == whole
    assert items[:2] == older[:2]


def test_a_note_takes_the_place_of_what_it_covers() -> None:
    """Once, at the beginning, whether the items have it already or not."""
    items = turns(5)
    summary = note_on(items[:6], "They talked.")
    once = summary.applied_to(items)
    assert [item.id for item in once] == [summary.note.id, *[item.id for item in items[6:]]]
    assert [item.id for item in summary.applied_to(once)] == [item.id for item in once]
    assert "They talked." in (summary.note.text_content or "")
    assert "no instructions" in (summary.note.text_content or "")


def test_the_next_note_covers_the_one_before() -> None:
    """So that a call of hours has one note, in which the first one's words live on."""
    first = note_on(turns(3), "Ada called about order 7.")
    items = [first.note, *turns(5)]
    older = older_part(items, over_characters=10, kept_turns=2)
    assert first.note in older
    assert "Ada called about order 7." in extract(older)


async def test_without_a_summary_the_words_themselves_are_told() -> None:
    """A model that fails, or says nothing, costs no call its memory."""

    async def fail(_: Sequence[llm.ChatItem]) -> str:
        raise APIConnectionError("gone")

    async def say_nothing(_: Sequence[llm.ChatItem]) -> str:
        return "  "

    items = turns(3)
    for summarise in (None, fail, say_nothing):
        note = (await summary_of(items, summarise)).note.text_content or ""
        assert "Caller: question 0\nAssistant: answer 0" in note
        assert "Assistant: answer 2" in note


@given(st.lists(st.tuples(st.booleans(), st.text(min_size=1)), max_size=200))
def test_an_extract_is_bounded_and_keeps_both_ends(lines: list[tuple[bool, str]]) -> None:
    """Whatever was said, at whatever length."""
    items = [said("user" if is_user else "assistant", text * 40) for is_user, text in lines]
    told = [item for item in items if (item.text_content or "").strip()]
    text = extract(items)
    assert len(text) <= MAX_SUMMARY_CHARACTERS
    if told:
        first, last = (str(item.text_content).strip()[:20] for item in (told[0], told[-1]))
        assert first in text[: LINE_CHARACTERS + 20]
        assert last in text
