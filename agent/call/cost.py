"""What a call costs: the amounts that providers bill, their rates, and the sum."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

MILLION = Decimal(1_000_000)
HOUR_S = Decimal(3600)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Model:
    """A model as bills name it: who serves it, and its name."""

    host: str
    """Of its address, such as `api.openai.com`."""
    name: str


@dataclass(frozen=True, slots=True)
class TokensRead:
    """What a model was given, as its provider counts: each a part of those before it."""

    all: int
    audio: int
    cached: int
    cached_audio: int


@dataclass(frozen=True, slots=True)
class TokensWritten:
    """What a model made, likewise."""

    all: int
    audio: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts of one model. Each token is in one of them only, so that they can be added up."""

    input_tokens: int = 0
    """Of text, read anew."""
    cached_input_tokens: int = 0
    input_audio_tokens: int = 0
    cached_input_audio_tokens: int = 0
    output_tokens: int = 0
    output_audio_tokens: int = 0
    characters: int = 0
    """Of texts that were to be spoken."""
    audio_s: Decimal = ZERO
    """Heard or spoken."""
    untold_audio_s: Decimal = ZERO
    """The part of `audio_s` of which no provider told the tokens."""

    @classmethod
    def of_realtime(
        cls, read: TokensRead, written: TokensWritten, seconds: Decimal = ZERO
    ) -> Usage:
        """What a realtime model tells of a reply, as it is billed: no token twice, and none of a
        kind that is more than all. Without its parts, what is cached is taken for text as far as
        there is text: the cheaper part.
        """
        audio = min(read.audio, read.all)
        text = read.all - audio
        cached_audio = min(read.cached_audio, audio)
        cached_text = min(max(0, read.cached - cached_audio), text)
        spoken = min(written.audio, written.all)
        return cls(
            input_tokens=text - cached_text,
            cached_input_tokens=cached_text,
            input_audio_tokens=audio - cached_audio,
            cached_input_audio_tokens=cached_audio,
            output_tokens=written.all - spoken,
            output_audio_tokens=spoken,
            audio_s=seconds,
            untold_audio_s=seconds,
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in _AMOUNTS})

    def __bool__(self) -> bool:
        return bool(self.amounts())

    def amounts(self) -> dict[str, int | Decimal]:
        """Those that are not nothing, by name."""
        return {f.name: amount for f in _AMOUNTS if (amount := getattr(self, f.name))}


_AMOUNTS = fields(Usage)


@dataclass(frozen=True, slots=True)
class TokenRates:
    """US dollars for a million tokens of each kind."""

    input: Decimal
    cached_input: Decimal
    input_audio: Decimal
    cached_input_audio: Decimal
    output: Decimal
    output_audio: Decimal

    def cost(self, usage: Usage) -> Decimal:
        """In US dollars."""
        return (
            usage.input_tokens * self.input
            + usage.cached_input_tokens * self.cached_input
            + usage.input_audio_tokens * self.input_audio
            + usage.cached_input_audio_tokens * self.cached_input_audio
            + usage.output_tokens * self.output
            + usage.output_audio_tokens * self.output_audio
        ) / MILLION


@dataclass(frozen=True, slots=True)
class Rates:
    """How one model is billed: by characters alone, or else by tokens, by the time of its audio, or
    by tokens where they are told and by the time where they are not.
    """

    tokens: TokenRates | None = None
    characters: Decimal | None = None
    """US dollars for a million."""
    audio_hour: Decimal | None = None
    """US dollars."""

    def cost(self, usage: Usage) -> Decimal:
        """In US dollars, of what these rates cover."""
        if self.characters is not None:
            return usage.characters * self.characters / MILLION
        of_tokens = self.tokens.cost(usage) if self.tokens is not None else ZERO
        if self.audio_hour is None:
            return of_tokens
        audio_s = usage.audio_s if self.tokens is None else usage.untold_audio_s
        return of_tokens + audio_s * self.audio_hour / HOUR_S

    def covers(self, usage: Usage) -> bool:
        """Whether nothing in it goes without a price."""
        if not usage:
            return True
        if self.characters is not None:
            return usage.characters > 0
        if self.audio_hour is not None:
            return self.tokens is not None or usage.audio_s > 0
        return self.tokens is not None and not usage.untold_audio_s


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum, and whose work is missing in it."""

    usd: Decimal = ZERO
    unpriced: frozenset[str] = frozenset()
    """Models that were used and have no price."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.usd + other.usd, self.unpriced | other.unpriced)


def micro_usd(usd: Decimal) -> int:
    """Whole millionths of a dollar; what is less than one is left off."""
    return int(usd * MILLION)


def usd_of(micro: int) -> Decimal:
    """Dollars of millionths."""
    return Decimal(micro) / MILLION
