"""What a provider says it has used, as a page passes it on: read with care, for nobody vouches."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.call.cost import TokensRead, TokensWritten, Usage

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
        """As it is billed."""
        read, written = self.input_token_details, self.output_token_details
        details = read.cached_tokens_details
        return Usage.of_realtime(
            TokensRead(
                self.input_tokens,
                read.audio_tokens,
                read.cached_tokens,
                details.audio_tokens if details else 0,
            ),
            TokensWritten(self.output_tokens, written.audio_tokens),
            Decimal(f"{self.seconds:.3f}"),
        )
