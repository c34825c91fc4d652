"""The record of a call that nobody makes, event by event, in the rhythm of a real one.

Kinds, order and distances of events are those of a cascade call in a record of the whole-call tests
(2026-11-26): each transcript, some of them in vain, each answer of the model and each spoken
sentence has an entry with its amounts and its cost, each turn of either side has one with its words
and latencies, and every third turn has a tool.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agent.call.cost import Usage
from agent.call.record import (
    Charged,
    Closed,
    Opened,
    ParticipantJoined,
    PersonaInForce,
    PipelineInForce,
    RecordEvent,
    ToolBegan,
    ToolEnded,
    TurnHeard,
    TurnSpoken,
)

TURN_S = 10.0
Timed = tuple[float, RecordEvent]
"""Seconds after the call began, and what happens then."""

_HOST = "api.openai.com"
_PRICES = "genai-prices 0.2.3, parley 2026-11-25"
_TOOL_EVERY = 3
_DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
_QUESTION = "Could you please tell me a little more about that, if you have the time?"
_ANSWER = (
    "Of course. The shop is open every day from nine until five, and on Saturday until noon."
    " Is there anything else that you would like to know?"
)


def call_id_of(number: int) -> str:
    """The id of a call."""
    return f"AJ_bench{number:04}"


def events_of(number: int, minutes: float) -> Iterator[Timed]:
    """All of a call that lasts so long, in its order; the same each time it is asked for."""
    yield 0.0, Opened(f"room-{number}")
    yield 0.002, PipelineInForce("cascade", "en")
    yield 0.6, PersonaInForce("frontdesk")
    yield 0.65, ParticipantJoined(f"caller-{number}")
    bill = _Bill()
    for turn in range(int(minutes * 60 / TURN_S)):
        began_s = 1.0 + turn * TURN_S
        for after_s, event in _turn(f"{number}-{turn}", turn, began_s, bill):
            yield began_s + after_s, event
    yield minutes * 60 + 1.0, Closed("caller left")


class _Bill:
    """Adds up what is charged."""

    def __init__(self) -> None:
        self._total_usd = Decimal(0)

    def charge(self, model: str, usd: str, usage: Usage) -> Charged:
        self._total_usd += Decimal(usd)
        return Charged(model, Decimal(usd), self._total_usd, _PRICES, host=_HOST, usage=usage)

    def transcript(self, audio_s: str) -> Charged:
        seconds = Decimal(audio_s)
        usage = Usage(audio_s=seconds, untold_audio_s=seconds)
        return self.charge("gpt-4o-mini-transcribe", "0.000115", usage)

    def answer(self) -> Charged:
        usage = Usage(input_tokens=132, cached_input_tokens=2432, output_tokens=33)
        return self.charge("gpt-4.1-mini", "0.000392", usage)

    def voice(self) -> Charged:
        usage = Usage(
            input_tokens=33, output_audio_tokens=160, characters=138, audio_s=Decimal("8.1")
        )
        return self.charge("gpt-4o-mini-tts", "0.0019398", usage)


def _turn(name: str, turn: int, began_s: float, bill: _Bill) -> Iterator[Timed]:
    began = _DAY + timedelta(seconds=began_s)
    yield 1.4, bill.transcript("1.92")  # in vain: the caller goes on
    yield 2.7, bill.transcript("3.3")
    yield (
        2.75,
        TurnHeard(
            f"heard-{name}",
            _QUESTION,
            began,
            began + timedelta(seconds=2.3),
            {"transcription": 0.41, "end_of_turn": 0.44},
        ),
    )
    yield 2.78, bill.answer()
    if turn % _TOOL_EVERY == 0:
        place = {"place": "Paris"}
        yield 2.79, ToolBegan("time_in_place", place)
        yield 2.8, ToolEnded("time_in_place", "done", 0.003, place, "It is ten past four in Paris.")
        yield 2.9, bill.answer()
    yield 3.0, bill.voice()
    yield (
        9.0,
        TurnSpoken(
            f"spoken-{name}",
            "frontdesk",
            _ANSWER,
            _ANSWER,
            started_at=began + timedelta(seconds=3),
            ended_at=began + timedelta(seconds=9),
            latency_s={"model_first_token": 0.22, "voice_first_audio": 0.13, "whole": 0.74},
        ),
    )
