"""Makes events of what happens in a call. Pure: the order of what it is given is all it knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from agent.call import record
from agent.publishing import events as told
from agent.publishing.events import AnyEvent
from agent.publishing.happenings import (
    AgentSeen,
    Bill,
    BillShown,
    CallerSeen,
    Ending,
    Happening,
    LanguageChanged,
    MuteChanged,
    NoBill,
)
from agent.publishing.standing import Runs, Standing
from agent.publishing.turns import Turns

_Kind = TypeVar("_Kind", bound=told.Base)


class Translation:
    """The events of one call.

    Args:
        call_id: The call's.
        bill: What it costs.
    """

    def __init__(self, call_id: str, bill: Bill | None = None) -> None:
        self.bill: Bill = bill or NoBill()
        self._call_id = call_id
        self._standing = Standing()
        self._turns = Turns()
        self._runs = Runs()
        self._started_at: datetime | None = None
        self._ended = False
        self._at: datetime | None = None

    def events(self, what: record.RecordEvent | Happening, at: datetime) -> list[AnyEvent]:
        """What is told of something that happens now. Nothing comes after the end."""
        if self._ended:
            return []
        self._at = at
        match what:
            case AgentSeen() | CallerSeen() | MuteChanged() | LanguageChanged():
                return self._seen(what)
            case BillShown() | record.BudgetNoted():
                return [self._costs(what)] if self._started_at else []
            case Ending(reason=reason) | record.Closed(reason=reason):
                return self._end(reason)
            case _:
                return list(self._noted(what))

    def standing(self, at: datetime, *, resumed: bool) -> told.CallStarted:
        """How the call stands, for somebody who hears of it only now."""
        return told.CallStarted(
            at=at,
            call_id=self._call_id,
            started_at=self._started_at or at,
            resumed=resumed,
            spent_usd=_usd(self.bill.cost.usd),
            **self._standing.values(),
        )

    @property
    def is_on(self) -> bool:
        """Whether the call has begun and is not over."""
        return self._started_at is not None and not self._ended

    # What the record holds

    def _noted(self, note: record.RecordEvent) -> Iterable[AnyEvent]:
        match note:
            case record.ParticipantJoined() if self._started_at is None and self._at is not None:
                self._started_at = self._at
                yield self.standing(self._at, resumed=False)
            case record.PersonaInForce(persona=persona):
                self._standing.persona = persona
            case record.PipelineInForce(pipeline=pipeline, language=language):
                self._standing.pipeline, self._standing.language = pipeline, language
                yield from self._state_changed()
            case record.HandedOver(before=before, persona=persona, back=back):
                self._standing.persona = persona
                yield self._new(told.HandedOver, before=before, persona=persona, back=back)
            case record.TurnHeard():
                yield from self._heard(note)
            case record.TurnSpoken():
                yield from self._spoken(note)
            case record.ToolBegan() | record.ToolEnded():
                yield self._tool(note)
            case _:
                yield from self._others(note)

    def _others(self, note: record.RecordEvent) -> Iterable[AnyEvent]:
        match note:
            case record.ApprovalRequest(id=id_, tool=tool, arguments=arguments):
                yield self._new(told.ApprovalRequested, id=id_, tool=tool, arguments=arguments)
            case record.ApprovalAnswer(id=id_, approved=approved):
                yield self._new(told.ApprovalSettled, id=id_, approved=approved)
            case record.GuardrailTrip(rule=rule, persona=persona, side=side):
                yield self._new(told.GuardrailTripped, rule=rule, persona=persona, side=side)
            case record.Recovery(trouble=trouble, step=step, waited_s=waited_s):
                yield self._new(told.Recovered, trouble=trouble, step=step, waited_s=waited_s)
            case record.ConsentNoted(state=state):
                yield self._new(told.ConsentDecided, state=state)
            case record.Feedback(rating=rating, comment=comment):
                known = int(rating) if rating.isdecimal() else rating
                yield self._new(told.FeedbackGiven, rating=known, comment=comment)
            case record.Fault(source=source, error=kind, recoverable=recoverable):
                yield self._new(
                    told.ErrorOccurred, source=source, kind=kind, recoverable=recoverable
                )

    def _heard(self, note: record.TurnHeard) -> list[AnyEvent]:
        typed = note.started_at is None and note.ended_at is None
        return [*self._begins("caller"), *self._turn_over("caller", note.text, note, typed=typed)]

    def _spoken(self, note: record.TurnSpoken) -> list[AnyEvent]:
        if not note.heard and not self._turns.is_open("agent"):
            return []  # it was cut off before anybody heard of it
        begun = self._begins("agent")
        over = self._turn_over("agent", note.heard, note, persona=note.persona)
        if note.interrupted:
            turn = over[-1].turn
            over.insert(-1, self._new(told.Interrupted, turn=turn, persona=note.persona))
        return [*begun, *over]

    def _begins(self, speaker: told.Speaker) -> list[AnyEvent]:
        if self._turns.is_open(speaker):
            return []
        return self._sound(speaker)

    def _sound(self, speaker: told.Speaker) -> list[AnyEvent]:
        assert self._at is not None  # noqa: S101 - set by `events`
        turn = self._turns.begins(speaker, self._at)
        if turn is None:
            return []
        return [self._new(told.TurnStarted, turn=turn, speaker=speaker)]

    def _turn_over(
        self,
        speaker: told.Speaker,
        text: str,
        note: record.TurnHeard | record.TurnSpoken,
        *,
        persona: str = "",
        typed: bool = False,
    ) -> list[Any]:
        turn = self._turns.ends(speaker)
        quoted = [self._new(told.TranscriptFinal, turn=turn, speaker=speaker, text=text)]
        ended = self._new(
            told.TurnEnded,
            turn=turn,
            speaker=speaker,
            persona=persona,
            interrupted=getattr(note, "interrupted", False),
            typed=typed,
            started_at=note.started_at,
            ended_at=note.ended_at,
            latency_s=told.Latencies(**note.latency_s),
        )
        return [*(quoted if text else []), ended]

    def _tool(self, note: record.ToolBegan | record.ToolEnded) -> AnyEvent:
        values = dict(note.arguments)
        if isinstance(note, record.ToolBegan):
            run = self._runs.begins(note.tool, values)
            return self._new(told.ToolStarted, run=run, tool=note.tool, arguments=values)
        return self._new(
            told.ToolFinished,
            run=self._runs.ends(note.tool, values),
            tool=note.tool,
            arguments=values,
            outcome=note.outcome.replace(" ", "_"),
            took_s=note.took_s,
            card=note.card,
        )

    # What it does not

    def _seen(self, what: AgentSeen | CallerSeen | MuteChanged | LanguageChanged) -> list[AnyEvent]:
        before = self._standing.values()
        begun: list[AnyEvent] = []
        match what:
            case AgentSeen(state=agent_state):
                self._standing.agent_state = agent_state
                begun = self._sounds("agent", speaks=agent_state == "speaking")
            case CallerSeen(state=caller_state):
                self._standing.caller_state = caller_state
                begun = self._sounds("caller", speaks=caller_state == "speaking")
            case MuteChanged(muted=muted):
                self._standing.muted = muted
            case LanguageChanged(language=language):
                self._standing.language = language
        changed = self._state_changed() if self._standing.values() != before else []
        return [*changed, *begun] if self._started_at else []

    def _sounds(self, speaker: told.Speaker, *, speaks: bool) -> list[AnyEvent]:
        if self._started_at is None or self._at is None:
            return []
        if speaks:
            return self._sound(speaker)
        if speaker == "caller":
            self._turns.pauses(speaker, self._at)
        return []

    def _state_changed(self) -> list[AnyEvent]:
        if self._started_at is None:
            return []
        return [self._new(told.StateChanged, **self._standing.values())]

    def _costs(self, what: BillShown | record.BudgetNoted) -> AnyEvent:
        if isinstance(what, record.BudgetNoted):
            return self._new(
                told.BudgetReached,
                budget=what.budget,
                spent_usd=_usd(what.spent_usd),
                limit_usd=_usd(what.limit_usd),
                is_spent=what.is_spent,
            )
        return self._new(
            told.CostChanged,
            spent_usd=_usd(self.bill.cost.usd),
            rate_usd_per_minute=_usd(self.bill.usd_per_min),
            unpriced=sorted(self.bill.cost.unpriced),
        )

    def _end(self, reason: str) -> list[AnyEvent]:
        assert self._at is not None  # noqa: S101 - set by `events`
        self._ended = True
        lasted_s = (self._at - self._started_at).total_seconds() if self._started_at else 0.0
        spent = _usd(self.bill.cost.usd)
        return [
            self._new(told.CallEnded, reason=reason, duration_s=round(lasted_s, 3), spent_usd=spent)
        ]

    def _new(self, kind: type[_Kind], /, **values: Any) -> _Kind:
        return kind(at=self._at, call_id=self._call_id, **values)


def _usd(amount: Decimal) -> str:
    return f"{max(amount, Decimal(0)):.6f}"
