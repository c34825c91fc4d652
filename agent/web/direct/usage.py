"""What a provider says it has used, as a page passes it on: read with care, for nobody vouches."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.call.cost import Usage

MOST_TOKENS = 128_000
"""In one reply: more than any realtime model reads."""
MOST_SECONDS = 600

Tokens = Annotated[int, Field(ge=0, le=MOST_TOKENS)]


class _Provided(BaseModel):
    """An object of the provider's; what it says beside these fields is not needed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Kinds(_Provided):
    text_tokens: Tokens = 0
    audio_tokens: Tokens = 0


class _Read(_Kinds):
    cached_tokens: Tokens = 0
    cached_tokens_details: _Kinds | None = None


class ReportedUsage(_Provided):
    """The `usage` of a response, or of a transcription."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    input_token_details: _Read = _Read()
    output_token_details: _Kinds = _Kinds()
    seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS, allow_inf_nan=False)] = 0

    def amounts(self) -> Usage:
        """As it is billed: no token twice, and none of a kind that is more than all."""
        read, written = self.input_token_details, self.output_token_details
        audio = min(read.audio_tokens, self.input_tokens)
        text = self.input_tokens - audio
        details = read.cached_tokens_details
        cached_audio = min(details.audio_tokens if details else 0, audio)
        cached_text = min(max(0, read.cached_tokens - cached_audio), text)
        spoken = min(written.audio_tokens, self.output_tokens)
        audio_s = Decimal(f"{self.seconds:.3f}")
        return Usage(
            input_tokens=text - cached_text,
            cached_input_tokens=cached_text,
            input_audio_tokens=audio - cached_audio,
            cached_input_audio_tokens=cached_audio,
            output_tokens=self.output_tokens - spoken,
            output_audio_tokens=spoken,
            audio_s=audio_s,
            untold_audio_s=audio_s,
        )
