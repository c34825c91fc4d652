"""What a call would use: turns of the same length, one after the other, each request reading all
that was said before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from agent.call.cost import Cost, Model, Usage
from agent.call.prices import PriceBook
from agent.cost.catalogue import host_of
from agent.settings import Pipeline, Settings

HEARD_TOKENS_PER_S = 10
SPOKEN_TOKENS_PER_S = 20
"""OpenAI's rates for audio in its realtime models."""
VOICE_TOKENS_PER_S = Decimal(1250) / 60
"""What OpenAI's price a minute and its price a token make of gpt-4o-mini-tts."""
CHARACTERS_PER_S = 15
CHARACTERS_PER_TOKEN = 4
MEANING = "meaning"
"""Under which a field tells what it means."""
SPOKEN_IN_VAIN_S = Decimal(1)
"""What a realtime model has made of a reply when the caller goes on: its sound comes faster than it
plays.
"""
LEAST_CACHED_TOKENS = 1024
"""Shorter prompts are not kept by OpenAI's cache."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How a call goes. Each can be set on the command line."""

    turns_per_min: Decimal = field(
        default=Decimal(4), metadata={MEANING: "turns of the caller in a minute, with a reply"}
    )
    caller_s: Decimal = field(
        default=Decimal(4), metadata={MEANING: "seconds that the caller speaks in a turn"}
    )
    agent_s: Decimal = field(default=Decimal(7), metadata={MEANING: "seconds of a reply"})
    standing_tokens: int = field(
        default=2000, metadata={MEANING: "tokens of instructions and tools, read each time"}
    )
    cached_share: Decimal = field(
        default=Decimal("0.9"),
        metadata={MEANING: "share of what was read before that the provider's cache finds"},
    )
    wasted_transcripts: Decimal = field(
        default=Decimal("0.5"), metadata={MEANING: "transcripts in a turn, asked for in vain"}
    )
    wasted_replies: Decimal = field(
        default=Decimal("0.3"), metadata={MEANING: "replies in a turn, made in vain"}
    )
    context_tokens: int = field(
        default=28_672, metadata={MEANING: "most tokens that the realtime model reads"}
    )
    telephone: bool = field(
        default=False, metadata={MEANING: "whether the caller is on a telephone"}
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """One call."""

    pipeline: Pipeline
    minutes: int
    parts: Mapping[str, Cost]
    """By model."""

    @property
    def total(self) -> Cost:
        """All parts."""
        return sum(self.parts.values(), Cost())


def estimate(
    settings: Settings, prices: PriceBook, pipeline: Pipeline, minutes: int, assumed: Assumptions
) -> Estimate:
    """What a call of so many minutes costs with these settings."""
    used = _cascade if pipeline == "cascade" else _realtime
    parts: dict[str, Cost] = defaultdict(Cost)
    for model, usage in used(settings, minutes, assumed).items():
        parts[model.name] += prices.cost_of(model, usage)
    if assumed.telephone:
        parts["telephone"] = prices.telephone_cost(Decimal(minutes * 60))
    return Estimate(pipeline, minutes, dict(parts))


def _cascade(settings: Settings, minutes: int, assumed: Assumptions) -> Mapping[Model, Usage]:
    shared, cascade = settings.openai.base_url, settings.cascade
    llm = Model(host_of(cascade.llm.base_url or shared), cascade.llm.model)
    tts = Model(host_of(cascade.tts.base_url or shared), cascade.tts.model)
    speculation = settings.turns.speculation
    wasted = assumed.wasted_replies if speculation != "off" else Decimal(0)
    heard, said = _tokens(assumed.caller_s), _tokens(assumed.agent_s)
    used: dict[Model, Usage] = defaultdict(Usage)
    read_before = 0
    for turn in range(_turns(minutes, assumed)):
        read = assumed.standing_tokens + turn * (heard + said) + heard
        cached = 0
        if read_before >= LEAST_CACHED_TOKENS:
            cached = int(read_before * assumed.cached_share)
        used[llm] += _times(
            Usage(input_tokens=read - cached, cached_input_tokens=cached, output_tokens=said),
            1 + wasted,
        )
        spoken = Usage(
            input_tokens=said,
            output_audio_tokens=int(assumed.agent_s * VOICE_TOKENS_PER_S),
            characters=int(assumed.agent_s * CHARACTERS_PER_S),
            audio_s=assumed.agent_s,
        )
        used[tts] += _times(spoken, 1 + (wasted if speculation == "voice" else Decimal(0)))
        read_before = read
    used[_stt(settings)] += _transcripts(settings, minutes, assumed)
    return used


def _realtime(settings: Settings, minutes: int, assumed: Assumptions) -> Mapping[Model, Usage]:
    realtime = settings.realtime
    host = host_of(realtime.base_url or settings.openai.base_url)
    model = Model(host, realtime.model)
    heard = int(assumed.caller_s * HEARD_TOKENS_PER_S)
    said = int(assumed.agent_s * SPOKEN_TOKENS_PER_S)
    used: dict[Model, Usage] = defaultdict(Usage)
    audio_before = 0
    turns = _turns(minutes, assumed)
    vain = _replies_in_vain(settings, minutes, assumed)
    for turn in range(turns):
        room = max(0, assumed.context_tokens - assumed.standing_tokens)
        audio = min(room, turn * (heard + said) + heard)
        cached_text = int(assumed.standing_tokens * assumed.cached_share) if turn else 0
        cached_audio = int(audio_before * assumed.cached_share)
        used[model] += Usage(
            input_tokens=assumed.standing_tokens - cached_text,
            cached_input_tokens=cached_text,
            input_audio_tokens=audio - cached_audio,
            cached_input_audio_tokens=cached_audio,
            output_tokens=_tokens(assumed.agent_s),
            output_audio_tokens=said,
        )
        used[model] += _times(_reply_in_vain(audio, assumed), vain)
        audio_before = audio
    written_s = assumed.caller_s * turns
    used[Model(host, realtime.transcription_model)] += Usage(
        audio_s=written_s, untold_audio_s=written_s
    )
    if realtime.words:
        used[_stt(settings)] += _transcripts(settings, minutes, assumed)
    return used


def _reply_in_vain(audio: int, assumed: Assumptions) -> Usage:
    """One that a realtime model began before the turn was over: all but the caller's last words is
    in the cache when it is asked again.
    """
    cached_text = int(assumed.standing_tokens * assumed.cached_share)
    cached_audio = int(audio * assumed.cached_share)
    return Usage(
        input_tokens=assumed.standing_tokens - cached_text,
        cached_input_tokens=cached_text,
        input_audio_tokens=audio - cached_audio,
        cached_input_audio_tokens=cached_audio,
        output_tokens=_tokens(SPOKEN_IN_VAIN_S),
        output_audio_tokens=int(SPOKEN_IN_VAIN_S * SPOKEN_TOKENS_PER_S),
    )


def _replies_in_vain(settings: Settings, minutes: int, assumed: Assumptions) -> Decimal:
    """Of a realtime model, in a turn."""
    if settings.turns.speculation == "off":
        return Decimal(0)
    most = Decimal(settings.realtime.max_wasted_per_min * minutes)
    return min(most / max(1, _turns(minutes, assumed)), assumed.wasted_replies)


def _stt(settings: Settings) -> Model:
    asked = settings.cascade.stt
    return Model(host_of(asked.base_url or settings.openai.base_url), asked.model)


def _transcripts(settings: Settings, minutes: int, assumed: Assumptions) -> Usage:
    turns = _turns(minutes, assumed)
    most = Decimal(settings.cascade.stt.max_wasted_per_min * minutes)
    asked = turns + min(most, turns * assumed.wasted_transcripts)
    audio_s = asked * assumed.caller_s
    return Usage(audio_s=audio_s, untold_audio_s=audio_s)


def _turns(minutes: int, assumed: Assumptions) -> int:
    return int(minutes * assumed.turns_per_min)


def _tokens(spoken_s: Decimal) -> int:
    return int(spoken_s * CHARACTERS_PER_S / CHARACTERS_PER_TOKEN)


def _times(usage: Usage, times: Decimal) -> Usage:
    return Usage(
        input_tokens=int(usage.input_tokens * times),
        cached_input_tokens=int(usage.cached_input_tokens * times),
        input_audio_tokens=int(usage.input_audio_tokens * times),
        cached_input_audio_tokens=int(usage.cached_input_audio_tokens * times),
        output_tokens=int(usage.output_tokens * times),
        output_audio_tokens=int(usage.output_audio_tokens * times),
        characters=int(usage.characters * times),
        audio_s=usage.audio_s * times,
    )
