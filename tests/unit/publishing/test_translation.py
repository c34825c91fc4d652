"""What happens in a call, as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agent.call.cards import WeatherCard
from agent.call.cost import Cost
from agent.call.record import (
    ApprovalAnswer,
    ApprovalRequest,
    BudgetNoted,
    Closed,
    Fault,
    Feedback,
    GuardrailTrip,
    HandedOver,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    Recovery,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)
from agent.publishing.events import AnyEvent, CallStarted
from agent.publishing.happenings import (
    AgentSeen,
    BillShown,
    CallerSeen,
    Ending,
    LanguageChanged,
    MuteChanged,
)
from agent.publishing.translation import Translation

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Bill:
    """Of a call that has cost something."""

    cost = Cost(Decimal("0.0123456"), frozenset({"tiny"}))
    usd_per_min = Decimal("0.02")


class Call:
    """A call to which things happen, a second apart."""

    def __init__(self, *, started: bool = True) -> None:
        self.translation = Translation("AJ_1", Bill())
        self.at = NOON
        if started:
            self.happens(PipelineInForce("cascade", "en"))
            self.happens(PersonaInForce("frontdesk"))
            self.happens(ParticipantJoined("anna", "+4930123456"))

    def happens(self, what: Any, after_s: float = 1.0) -> list[AnyEvent]:
        """What is told of it."""
        self.at += timedelta(seconds=after_s)
        return self.translation.events(what, self.at)


def kinds(events: list[AnyEvent]) -> list[str]:
    return [event.type for event in events]


def test_a_call_begins_when_its_caller_is_there() -> None:
    """With how it stands by then; nothing of its states was told before, and no number ever is."""
    call = Call(started=False)
    assert call.happens(PipelineInForce("realtime", "de")) == []
    assert call.happens(PersonaInForce("frontdesk")) == []
    assert call.happens(AgentSeen("listening")) == []
    (started,) = call.happens(ParticipantJoined("anna", "+4930123456"))
    assert isinstance(started, CallStarted)
    assert (started.persona, started.pipeline, started.language) == ("frontdesk", "realtime", "de")
    assert (started.agent_state, started.resumed) == ("listening", False)
    assert started.started_at == started.at
    assert "4930123456" not in started.model_dump_json()
    assert call.happens(ParticipantJoined("anna")) == []


def test_a_spoken_turn_has_one_number_from_its_first_sound_to_its_words() -> None:
    """Pauses within it begin no other."""
    call = Call()
    assert kinds(call.happens(CallerSeen("speaking"))) == ["state_changed", "turn_started"]
    assert kinds(call.happens(CallerSeen("listening"))) == ["state_changed"]
    assert kinds(call.happens(CallerSeen("speaking"))) == ["state_changed"]
    call.happens(CallerSeen("listening"))
    heard = TurnHeard("i", "When are you open?", NOON, NOON, {"transcription": 0.3, "later": 1.0})
    quoted, ended = call.happens(heard)
    assert quoted.text == "When are you open?"  # type: ignore[union-attr]
    assert (ended.turn, ended.speaker, ended.typed) == (1, "caller", False)  # type: ignore[union-attr]
    assert ended.latency_s.transcription == 0.3  # type: ignore[union-attr]
    begun = call.happens(AgentSeen("speaking"))
    assert begun[-1].turn == 2  # type: ignore[union-attr]
    spoken = call.happens(TurnSpoken("j", "frontdesk", "From nine.", "From nine."))
    assert [event.turn for event in spoken] == [2, 2]  # type: ignore[union-attr]


def test_a_sound_without_words_is_left_behind_by_the_next_turn() -> None:
    """So that a cough does not date the turn of a minute later."""
    call = Call()
    call.happens(CallerSeen("speaking"))
    call.happens(CallerSeen("listening"))
    begun = call.happens(CallerSeen("speaking"), after_s=60.0)
    assert begun[-1].turn == 2  # type: ignore[union-attr]


def test_what_is_typed_begins_and_ends_at_once() -> None:
    """It made no sound."""
    begun, quoted, ended = Call().happens(TurnHeard("i", "hello"))
    assert kinds([begun, quoted, ended]) == ["turn_started", "transcript_final", "turn_ended"]
    assert ended.typed  # type: ignore[union-attr]


def test_a_caller_who_did_not_agree_is_not_quoted() -> None:
    """The turn is told all the same."""
    assert kinds(Call().happens(TurnHeard("i", "", NOON, NOON)))[-1] == "turn_ended"
    assert "transcript_final" not in kinds(Call().happens(TurnHeard("i", "", NOON, NOON)))


def test_an_interruption_is_told_with_the_turn_that_it_ended() -> None:
    """A reply that nobody heard is not told at all."""
    call = Call()
    assert call.happens(TurnSpoken("", "frontdesk", "Never heard.", "", interrupted=True)) == []
    call.happens(AgentSeen("speaking"))
    cut = TurnSpoken("j", "frontdesk", "From nine to five.", "From", interrupted=True)
    assert kinds(call.happens(cut)) == ["transcript_final", "interrupted", "turn_ended"]


def test_runs_of_a_tool_are_told_apart() -> None:
    """Also where two go on at once; one that was refused never began."""
    call = Call()
    (paris,) = call.happens(ToolBegan("weather", {"place": "Paris"}))
    (rome,) = call.happens(ToolBegan("weather", {"place": "Rome"}))
    card = WeatherCard(
        place="Rome", day=NOON.date(), condition="fog", temperature_c=8, high_c=9, low_c=2
    )
    (done,) = call.happens(ToolEnded("weather", "done", 0.2, {"place": "Rome"}, "Fog.", card))
    (late,) = call.happens(ToolEnded("weather", "timed out", 9.0, {"place": "Paris"}))
    (refused,) = call.happens(ToolEnded("weather", "refused", 0.0, {"place": "Paris"}))
    assert (done.run, done.card) == (rome.run, card)  # type: ignore[union-attr]
    assert (late.run, late.outcome) == (paris.run, "timed_out")  # type: ignore[union-attr]
    assert refused.run not in (paris.run, rome.run)  # type: ignore[union-attr]


def test_everything_else_has_an_event_of_its_own() -> None:
    """In the words of the wire."""
    call = Call()
    told = [
        *call.happens(HandedOver("frontdesk", "billing", back=False)),
        *call.happens(GuardrailTrip("secrets", "billing", "output")),
        *call.happens(Recovery("silent", "retry", 4.2)),
        *call.happens(Fault("openai.LLM", "TimeoutError", True, "it says too much")),
        *call.happens(ApprovalRequest("approval-1", "refund", {"order": "40217"})),
        *call.happens(ApprovalAnswer("approval-1", "refund", None)),
        *call.happens(Feedback("5", "Quick.")),
        *call.happens(Feedback("down")),
        *call.happens(MuteChanged(True)),
        *call.happens(LanguageChanged("ko")),
        *call.happens(PipelineInForce("realtime", "ko", replaced=True)),
    ]
    assert kinds(told) == [
        *("handed_over", "guardrail_tripped", "recovered", "error"),
        *("approval_requested", "approval_settled", "feedback_given", "feedback_given"),
        *("state_changed", "state_changed", "state_changed"),
    ]
    last = told[-1]
    assert (last.muted, last.language, last.pipeline) == (True, "ko", "realtime")  # type: ignore[union-attr]
    assert "too much" not in told[3].model_dump_json()
    assert (told[6].rating, told[7].rating) == (5, "down")  # type: ignore[union-attr]


def test_states_are_told_when_they_change() -> None:
    """And not when they are seen again."""
    call = Call()
    assert kinds(call.happens(AgentSeen("thinking"))) == ["state_changed"]
    assert call.happens(AgentSeen("thinking")) == []


def test_money_is_told_in_whole_millionths() -> None:
    """As text, so that nobody rounds it."""
    call = Call()
    (cost,) = call.happens(BillShown())
    assert (cost.spent_usd, cost.rate_usd_per_minute) == ("0.012346", "0.020000")  # type: ignore[union-attr]
    assert cost.unpriced == ["tiny"]  # type: ignore[union-attr]
    (budget,) = call.happens(BudgetNoted("call", Decimal("0.4"), Decimal("0.5"), is_spent=False))
    assert (budget.spent_usd, budget.limit_usd) == ("0.400000", "0.500000")  # type: ignore[union-attr]


def test_nothing_comes_after_the_end() -> None:
    """The first reason stands."""
    call = Call()
    (ended,) = call.happens(Ending("agent hung up"))
    assert (ended.reason, ended.duration_s) == ("agent hung up", 1.0)  # type: ignore[union-attr]
    assert call.happens(Closed("job ended")) == []
    assert call.happens(AgentSeen("idle")) == []


def test_a_call_that_never_came_about_has_an_end_alone() -> None:
    """As where its options were refused."""
    (ended,) = Call(started=False).happens(Closed("call options refused"))
    assert (ended.reason, ended.duration_s) == ("call options refused", 0.0)  # type: ignore[union-attr]
