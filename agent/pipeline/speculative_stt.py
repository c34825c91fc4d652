"""Transcripts before the turn is over: asked for in the first short pause, kept if it lasts.

A transcription server that does not stream is asked for the whole utterance. The framework asks
after the silence that ends a speech, so the caller pays for that silence and for the server's time,
one after the other. Here the request leaves about 0.1 s into a pause: by the time the turn is known
to be over, its transcript is there, and the reply is being made (`PREFLIGHT_TRANSCRIPT`). If the
caller goes on instead, the answer is dropped, and the next pause asks for the utterance as a whole:
"What time is it … in Paris" is recognised in one piece.

The session says when the turn is probably over by a flush (`STTCapabilities.manual_flush`): only
then the transcript becomes final.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from livekit.agents import NOT_GIVEN, APIConnectOptions, APITimeoutError, NotGivenOr, stt, utils
from livekit.agents.metrics import STTMetrics
from livekit.agents.metrics.base import Metadata
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.pipeline.heard import Heard
from agent.pipeline.manner import HasLanguage
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculation import Speculation
from agent.pipeline.speculative_stream import PAUSE_S, SpeculativeStream


class SpeculativeSTT(stt.STT[Any]):
    """A streaming STT over one that is not; see the module's text.

    It hears the events of `vad`, which must be the session's detector, and runs none of its own.
    What it learns is noted in `heard` at once, so that the turn detector may look at the words.
    `speculation` tells how many requests were wasted. At `max_wasted_per_min` it asks only at the
    end of each speech, as the framework would.
    """

    def __init__(
        self,
        inner: stt.STT[Any],
        *,
        vad: SharedVAD,
        heard: Heard | None = None,
        max_wasted_per_min: int = 20,
        pause_s: float = PAUSE_S,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                manual_flush=True,
                keyterms=inner.capabilities.keyterms,
                chat_context=inner.capabilities.chat_context,
            )
        )
        # The inner STT counts its requests, wasted ones too: they are paid for.
        self._recognize_metrics_needed = False
        self._inner = inner
        self._vad = vad
        self._pause_s = pause_s
        self.heard = heard or Heard()
        self.speculation = Speculation(max_wasted_per_min)
        inner.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """As of the STT inside."""
        return self._inner.model

    @property
    def provider(self) -> str:
        """As of the STT inside."""
        return self._inner.provider

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """Transcripts of audio pushed from now on. Close it when done."""
        return SpeculativeStream(
            self, self._vad, language=language, conn_options=conn_options, pause_s=self._pause_s
        )

    def set_language(self, language: str) -> None:
        """See HasLanguage; without effect where the STT inside has no choice."""
        if isinstance(self._inner, HasLanguage):
            self._inner.set_language(language)

    def prewarm(self) -> None:
        """Prewarm the STT inside."""
        self._inner.prewarm()

    async def aclose(self) -> None:
        """Close the STT inside too."""
        self._inner.off("metrics_collected", self._forward_metrics)
        await self._inner.aclose()

    async def guess(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str],
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        """Recognise with a single try, and without an error event when it fails.

        Raises:
            APIError: the server failed, or did not answer within the timeout.
        """
        return await self._recognize_impl(buffer, language=language, conn_options=conn_options)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        try:
            # The plugin's own limit is 30 s: longer than a caller waits.
            async with asyncio.timeout(conn_options.timeout):
                return await self._inner.recognize(
                    buffer, language=language, conn_options=replace(conn_options, max_retry=0)
                )
        except TimeoutError:
            self._count_unanswered(buffer)
            raise APITimeoutError("the transcription did not come in time") from None
        except asyncio.CancelledError:
            self._count_unanswered(buffer)
            raise

    def _count_unanswered(self, buffer: utils.AudioBuffer) -> None:
        """What was sent is billed, whether or not somebody waits for the answer."""
        metrics = STTMetrics(
            label=self.label,
            request_id="",
            timestamp=time.time(),
            duration=0.0,
            audio_duration=utils.audio.calculate_audio_duration(buffer),
            streamed=False,
            metadata=Metadata(model_name=self.model, model_provider=self.provider),
        )
        self.emit("metrics_collected", metrics)

    def _update_session_keyterms(self, keyterms: list[str]) -> None:
        self._inner._update_session_keyterms(keyterms)

    def _push_conversation_item(self, item: Any) -> None:
        self._inner._push_conversation_item(item)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)
