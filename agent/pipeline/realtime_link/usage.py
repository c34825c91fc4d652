"""What each response of a realtime model has used, from the provider's own events.

The plugin (livekit-agents 1.8.9) counts a response that the session still waited for when it was
done. Billed are also those that nobody waited for any more, those that came to nothing and are
asked for again, and those that broke off with their connection or with the session.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from livekit.agents.metrics import RealtimeModelMetrics, STTMetrics
from livekit.agents.metrics.base import Metadata
from livekit.plugins import openai
from openai.types.realtime import RealtimeResponseUsage
from pydantic import ValidationError

from agent.pipeline.untold_usage import tokens_of

SPOKEN_TOKENS_PER_S = 20
"""OpenAI's rate for the audio of an assistant."""
SPOKEN_CHARACTERS_PER_S = 15

Event = dict[str, Any]
OnUsage = Callable[[RealtimeModelMetrics | STTMetrics], None]
"""Is told what was used; must not raise."""
_Input = RealtimeModelMetrics.InputTokenDetails
_Output = RealtimeModelMetrics.OutputTokenDetails
_Cached = RealtimeModelMetrics.CachedTokenDetails


class ResponseUsage:
    """Counts the responses of one session, each once.

    Args:
        model: Whose session it is.
        tell: Is told of each.
    """

    def __init__(self, model: openai.realtime.RealtimeModel, tell: OnUsage) -> None:
        self._model = model
        self._tell = tell
        self._open: str | None = None
        self._said = 0
        self._last = (_Input(), 0)

    def received(self, event: Event) -> None:
        """Take note of an event of the provider's."""
        match event:
            case {"type": "response.created", "response": {"id": str(response_id)}}:
                self._open, self._said = response_id, 0
            case {"type": "response.done", "response": dict(response)}:
                self._done(response)
            case {"type": str(kind), "delta": str(words)} if kind in _WORDS:
                self._said += len(words)

    def ended(self) -> None:
        """The connection is over: of a response that was under way no more will be told. It has
        read at least what the last one did, and said what had come of it.
        """
        if self._open is None:
            return
        response_id, self._open = self._open, None
        details, read = self._last
        text = tokens_of(self._said)
        spoken_s = self._said / SPOKEN_CHARACTERS_PER_S
        output = _Output(text_tokens=text, audio_tokens=math.ceil(spoken_s * SPOKEN_TOKENS_PER_S))
        made = text + output.audio_tokens
        self._tell(self._metrics(response_id, details, read, output, made))

    def _done(self, response: dict[str, Any]) -> None:
        try:
            usage = RealtimeResponseUsage.model_validate(response["usage"])
        except (ValidationError, LookupError):
            self.ended()
            return
        self._open = None
        details, read, output, made = _told(usage)
        if read:
            self._last = details, read
        self._tell(self._metrics(str(response.get("id")), details, read, output, made))

    def _metrics(
        self, response_id: str, read: _Input, read_total: int, made: _Output, made_total: int
    ) -> RealtimeModelMetrics:
        return RealtimeModelMetrics(
            label=self._model.label,
            request_id=response_id,
            timestamp=time.time(),
            duration=0.0,
            ttft=-1.0,
            input_tokens=read_total,
            output_tokens=made_total,
            total_tokens=read_total + made_total,
            tokens_per_second=0.0,
            input_token_details=read,
            output_token_details=made,
            metadata=Metadata(model_name=self._model.model, model_provider=self._model.provider),
        )


_WORDS = frozenset(
    {
        "response.output_audio_transcript.delta",
        "response.output_text.delta",
        "response.function_call_arguments.delta",
    }
)


def _told(usage: RealtimeResponseUsage) -> tuple[_Input, int, _Output, int]:
    read, made = usage.input_token_details, usage.output_token_details
    cached = read.cached_tokens_details if read else None
    return (
        _Input(
            audio_tokens=(read and read.audio_tokens) or 0,
            text_tokens=(read and read.text_tokens) or 0,
            image_tokens=(read and read.image_tokens) or 0,
            cached_tokens=(read and read.cached_tokens) or 0,
            cached_tokens_details=_Cached(
                audio_tokens=cached.audio_tokens or 0,
                text_tokens=cached.text_tokens or 0,
                image_tokens=cached.image_tokens or 0,
            )
            if cached
            else None,
        ),
        usage.input_tokens or 0,
        _Output(
            text_tokens=(made and made.text_tokens) or 0,
            audio_tokens=(made and made.audio_tokens) or 0,
        ),
        usage.output_tokens or 0,
    )
