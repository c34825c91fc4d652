"""What counts as trouble, moment by moment."""

from __future__ import annotations

import pytest

from agent.supervision.watch import Limits, Trouble, Watch

LIMITS = Limits()
TURN_END_S = 1.2


@pytest.fixture
def watch() -> Watch:
    """A call that began at 0."""
    return Watch(LIMITS, 0.0)


def trouble(watch: Watch, now_s: float, *, in_reply: bool = False) -> Trouble | None:
    return watch.trouble(now_s, longest_turn_end_s=TURN_END_S, in_reply=in_reply)


def ask(watch: Watch, *, began_s: float = 10.0, last_word_s: float = 11.0) -> None:
    """The caller speaks, and pauses; the pause is noticed 0.3 s later."""
    watch.caller_began(began_s)
    watch.caller_ended(last_word_s, last_word_s + 0.3)


def test_an_answered_question_is_no_trouble(watch: Watch) -> None:
    """A reply within the limit leaves nothing to be done."""
    ask(watch)
    watch.understood(11.5)
    watch.turn_taken(11.6)
    assert trouble(watch, 12.4) is None
    assert watch.reply_heard(12.6, 12.6)
    assert trouble(watch, 14.9) is None


def test_a_question_without_a_sound_is_a_silent_agent(watch: Watch) -> None:
    """What was understood must be answered within the limit, counted from the last word."""
    ask(watch)
    watch.understood(11.5)
    watch.turn_taken(11.6)
    assert trouble(watch, 11.0 + LIMITS.silence_s - 0.01) is None
    assert trouble(watch, 11.0 + LIMITS.silence_s) is Trouble.SILENT


def test_a_question_without_a_word_understood_is_a_deaf_agent(watch: Watch) -> None:
    """Speech that leads to no transcript and no reply was not heard."""
    ask(watch)
    assert trouble(watch, 14.1) is Trouble.DEAF


def test_a_turn_that_may_go_on_is_waited_for(watch: Watch) -> None:
    """While the turn detector waits for the caller to go on, nothing is wrong."""
    ask(watch)
    late = watch.trouble(14.5, longest_turn_end_s=3.0, in_reply=False)
    assert late is None
    assert watch.trouble(14.8, longest_turn_end_s=3.0, in_reply=False) is Trouble.DEAF


def test_a_turn_that_was_taken_late_has_time_to_be_answered(watch: Watch) -> None:
    """The limit does not strike just when the answer of a late turn is due."""
    ask(watch)
    watch.turn_taken(13.8)
    assert trouble(watch, 14.7) is None
    assert trouble(watch, 14.8) is Trouble.SILENT


def test_an_answer_that_is_asked_for_again_has_no_more_time(watch: Watch) -> None:
    """The caller waits since the last word, however often somebody has tried."""
    ask(watch)
    watch.turn_taken(11.6)
    watch.turn_taken(13.8)
    assert trouble(watch, 11.0 + LIMITS.silence_s) is Trouble.SILENT


def test_a_caller_who_goes_on_is_owed_nothing(watch: Watch) -> None:
    """Speaking again withdraws what was owed, until the next pause."""
    ask(watch)
    watch.caller_began(13.0)
    assert trouble(watch, 20.0) is None


def test_a_cough_is_owed_no_answer(watch: Watch) -> None:
    """A sound shorter than a word asks for nothing."""
    ask(watch, began_s=10.0, last_word_s=10.2)
    assert trouble(watch, 15.0) is None


def test_a_backchannel_over_a_reply_is_owed_no_answer(watch: Watch) -> None:
    """A short sound while the agent speaks asks for nothing unless it is understood."""
    watch.caller_began(10.0, over_reply=True)
    watch.caller_ended(10.7, 11.0)
    assert trouble(watch, 15.0) is None


def test_the_tail_of_a_reply_that_is_cut_off_answers_nothing(watch: Watch) -> None:
    """What still sounds when a new turn is taken is not its answer."""
    ask(watch)
    watch.turn_taken(11.6)
    assert not watch.reply_heard(11.7, 11.7)
    assert trouble(watch, 14.5) is Trouble.SILENT


def test_a_late_transcript_makes_no_debt(watch: Watch) -> None:
    """A realtime model may tell the caller's words after it has answered them."""
    ask(watch)
    watch.reply_begun(11.4)
    watch.turn_taken(11.4)
    watch.reply_heard(13.0, 13.0)
    watch.understood(13.2)
    assert trouble(watch, 17.0) is None


def test_a_failed_reply_is_known_at_once(watch: Watch) -> None:
    """When a provider gives up, nobody waits for the limit."""
    ask(watch)
    watch.turn_taken(11.6)
    watch.failed()
    assert trouble(watch, 11.7) is Trouble.FAILED
    watch.acted()
    assert trouble(watch, 11.8) is None


def test_what_fails_ahead_of_the_turns_end_waits_for_it(watch: Watch) -> None:
    """A reply made ahead may fail; its answer is due when the turn is over, unless made anew."""
    ask(watch)
    watch.reply_begun(11.3)
    watch.failed()
    assert trouble(watch, 11.5) is None
    watch.turn_taken(11.6)
    assert trouble(watch, 11.7) is Trouble.FAILED
    watch.reply_begun(11.8)
    assert trouble(watch, 11.9) is None


def test_a_reply_that_breaks_off_is_heard_to_its_end_first(watch: Watch) -> None:
    """What was made before the failure is not cut short by the remedy."""
    ask(watch)
    watch.turn_taken(11.6)
    watch.reply_heard(12.5, 12.5)
    watch.failed()
    assert trouble(watch, 12.6) is None
    assert trouble(watch, 12.7) is Trouble.FAILED


def test_a_recogniser_that_gives_up_is_a_deaf_agent_at_once(watch: Watch) -> None:
    """Only for words that were spoken and not understood: else it is the session's own affair."""
    watch.unheard()
    assert trouble(watch, 5.0) is None
    ask(watch)
    watch.unheard()
    assert trouble(watch, 11.4) is Trouble.DEAF


def test_a_lost_session_is_known_at_once(watch: Watch) -> None:
    """Also when nothing is owed: the next turn must find a session."""
    watch.lost()
    assert trouble(watch, 1.0) is Trouble.LOST


def test_a_reply_that_dries_up_is_a_silent_agent(watch: Watch) -> None:
    """A reply that was begun and has not ended must go on sounding."""
    watch.expect(0.0)
    watch.reply_heard(1.0, 1.0)
    assert trouble(watch, 3.9, in_reply=True) is None
    assert trouble(watch, 4.1, in_reply=True) is Trouble.SILENT
    assert trouble(watch, 4.1, in_reply=False) is None


def test_a_tool_has_a_limit(watch: Watch) -> None:
    """A tool that came back is forgotten; one that did not is stuck."""
    watch.tool_began("quick", 1.0)
    watch.tool_began("slow", 1.0)
    watch.tool_ended("quick", 2.0)
    assert trouble(watch, 1.0 + LIMITS.tool_s) is None
    assert trouble(watch, 1.1 + LIMITS.tool_s) is Trouble.STUCK_TOOL


def test_music_on_hold_is_no_progress(watch: Watch) -> None:
    """Sound without end, and no conversation."""
    watch.caller_began(1.0)
    assert trouble(watch, LIMITS.progress_s) is None
    assert trouble(watch, LIMITS.progress_s + 1.1) is Trouble.NO_PROGRESS


def test_music_with_rests_is_no_progress(watch: Watch) -> None:
    """Verse after verse in which no word is recognised is one sound, however often it pauses."""
    for verse in range(20):
        began_s = 1.0 + 5.0 * verse
        watch.caller_began(began_s)
        if began_s > LIMITS.progress_s:
            assert trouble(watch, began_s + 0.1) is Trouble.NO_PROGRESS
        else:
            assert trouble(watch, began_s + 0.1) is None
            watch.caller_ended(began_s + 4.0, began_s + 4.2)
            assert trouble(watch, began_s + 4.9) is None


def test_a_reply_to_music_is_no_progress(watch: Watch) -> None:
    """A speech model answers whatever it is given; without a word from the caller that is no
    conversation.
    """
    for verse in range(20):
        began_s = 1.0 + 5.0 * verse
        watch.caller_began(began_s)
        if began_s > LIMITS.progress_s:
            assert trouble(watch, began_s + 0.1) is Trouble.NO_PROGRESS
            watch.understood(began_s + 0.2)
            assert trouble(watch, began_s + 0.3) is None
            return
        watch.caller_ended(began_s + 3.0, began_s + 3.2)
        watch.wordless()
        watch.reply_heard(began_s + 4.5, began_s + 4.5)
    raise AssertionError


def test_replies_are_progress_where_no_words_are_told(watch: Watch) -> None:
    """A speech model without transcripts holds a conversation all the same."""
    for turn in range(40):
        began_s = 1.0 + 5.0 * turn
        watch.caller_began(began_s)
        assert trouble(watch, began_s + 0.1) is None
        watch.caller_ended(began_s + 3.0, began_s + 3.2)
        watch.reply_heard(began_s + 4.5, began_s + 4.5)


def test_a_cough_long_ago_is_not_the_beginning_of_music(watch: Watch) -> None:
    """Who was quiet for a while and speaks now has the whole limit."""
    watch.caller_began(1.0)
    watch.caller_ended(1.2, 1.4)
    watch.caller_began(99.0)
    assert trouble(watch, 100.0) is None
    assert trouble(watch, 99.1 + LIMITS.progress_s) is Trouble.NO_PROGRESS


def test_silence_of_both_is_an_idle_caller(watch: Watch) -> None:
    """Counted from the last sound of either side; never when the limit is 0."""
    watch.expect(0.0)
    watch.reply_heard(5.0, 5.0)
    assert trouble(watch, 5.0 + LIMITS.idle_s) is None
    assert trouble(watch, 5.1 + LIMITS.idle_s) is Trouble.IDLE
    assert trouble(Watch(Limits(idle_s=0), 0.0), 1000.0) is None


def test_a_caller_who_was_asked_to_speak_is_owed_nothing(watch: Watch) -> None:
    """After a recording asked to say it again, it is the caller's turn."""
    ask(watch)
    watch.forgive(14.5)
    assert trouble(watch, 20.0) is None


def test_a_caller_who_asked_to_wait_is_left_in_peace(watch: Watch) -> None:
    """Talk with others is not answered, and nobody asks whether they are there."""
    watch.be_patient(130.0)
    ask(watch, began_s=20.0, last_word_s=22.0)
    assert trouble(watch, 30.0) is None
    assert trouble(watch, 129.0) is None


def test_patience_has_an_end(watch: Watch) -> None:
    """Then the caller has as long as ever before they are asked whether they are there."""
    watch.be_patient(130.0)
    ask(watch, began_s=20.0, last_word_s=22.0)
    assert trouble(watch, 131.0) is None
    assert trouble(watch, 131.0 + LIMITS.idle_s + 0.1) is Trouble.IDLE


def test_who_speaks_with_the_agent_again_is_owed_an_answer_again(watch: Watch) -> None:
    """What was asked after the wait is answered in time or it is trouble."""
    watch.be_patient(130.0)
    watch.attend(60.0)
    ask(watch, began_s=60.0, last_word_s=61.0)
    watch.understood(61.5)
    watch.turn_taken(61.6)
    assert trouble(watch, 61.0 + LIMITS.silence_s) is Trouble.SILENT
    assert trouble(watch, 61.0) is None


def test_a_lost_provider_is_replaced_while_the_caller_waits(watch: Watch) -> None:
    """It must be there when they come back."""
    watch.be_patient(130.0)
    watch.lost()
    assert trouble(watch, 20.0) is Trouble.LOST
