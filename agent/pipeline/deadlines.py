"""First-token and first-audio deadlines, with other models to go on with.

The framework's timeouts are for reading: a provider that keeps a stream alive and sends nothing in
it is waited for without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    NotGivenOr,
    llm,
    tts,
    utils,
)
from livekit.agents.metrics import LLMMetrics, TTSMetrics

from agent.pipeline.untold_usage import Request

LEAST_AUDIO_S = 0.05
"""No word is shorter. What is, is an error message taken for audio."""


class PromptLLM(llm.LLM[Any]):
    """Asks the first of several models that serve alike; the next one at each new try.

    A try has failed when no token came within the deadline, or later none for as long. The tries
    are those of the session's connect options; after the last model comes the first again.
    """

    def __init__(self, models: Sequence[llm.LLM[Any]], *, first_token_s: float) -> None:
        super().__init__()
        self._models = models
        self.first_token_s = first_token_s
        for model in models:
            model.on("metrics_collected", self._on_metrics)

    @property
    def model(self) -> str:
        """See LLM."""
        return self._models[0].model

    @property
    def provider(self) -> str:
        """See LLM."""
        return self._models[0].provider

    def of_try(self, number: int) -> llm.LLM[Any]:
        """The model of the try of this number, which begins at 0."""
        return self._models[number % len(self._models)]

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        """See LLM."""
        options = {
            "parallel_tool_calls": parallel_tool_calls,
            "tool_choice": tool_choice,
            "extra_kwargs": extra_kwargs,
        }
        return _PromptStream(
            self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options, options=options
        )

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """See LLM."""
        self._models[0].prewarm(loop=loop)

    async def aclose(self) -> None:
        """See LLM."""
        for model in self._models:
            model.off("metrics_collected", self._on_metrics)
            await model.aclose()

    def _on_metrics(self, metrics: LLMMetrics) -> None:
        self.emit("metrics_collected", metrics)


class _PromptStream(llm.LLMStream):
    _llm_attempt_span_name = None
    _genai_operation_name = None

    def __init__(
        self,
        asked: PromptLLM,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
        options: dict[str, Any],
    ) -> None:
        super().__init__(asked, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        # The framework would begin a reply again of which the caller has heard a part.
        self._retry_on_chunk_sent = False
        self._asked = asked
        self._options = options
        self._tries = 0

    async def _run(self) -> None:
        model, self._tries = self._asked.of_try(self._tries), self._tries + 1
        limit_s = self._asked.first_token_s
        once = replace(self._conn_options, max_retry=0)
        request = Request(model, self._chat_ctx, self._tools)
        answered = False
        try:
            async with (
                asyncio.timeout(limit_s) as deadline,
                model.chat(
                    chat_ctx=self._chat_ctx, tools=self._tools, conn_options=once, **self._options
                ) as stream,
            ):
                async for chunk in stream:
                    request.note(chunk)
                    if chunk.has_response():
                        answered = True
                        deadline.reschedule(asyncio.get_running_loop().time() + limit_s)
                    self._event_ch.send_nowait(chunk)
        except TimeoutError:
            raise APITimeoutError(f"no token of {model.model} within {limit_s} s") from None
        except APIError:
            request.refuse()
            raise
        finally:
            # Also when it is taken back: then the model's own stream has told of no tokens.
            if (untold := request.estimate()) is not None:
                self._asked.emit("metrics_collected", untold)
        if not answered:
            raise APIConnectionError(f"an empty answer of {model.model}")

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[llm.ChatChunk]) -> None:
        async for _ in event_aiter:  # the model's own stream measures
            pass


class PromptTTS(tts.TTS[Any]):
    """As PromptLLM, for synthesisers of whole texts that speak at the same rate."""

    def __init__(self, voices: Sequence[tts.TTS[Any]], *, first_audio_s: float) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=voices[0].sample_rate,
            num_channels=voices[0].num_channels,
        )
        self._voices = voices
        self.first_audio_s = first_audio_s
        for voice in voices:
            voice.on("metrics_collected", self._on_metrics)

    @property
    def model(self) -> str:
        """See TTS."""
        return self._voices[0].model

    @property
    def provider(self) -> str:
        """See TTS."""
        return self._voices[0].provider

    def of_try(self, number: int) -> tts.TTS[Any]:
        """The synthesiser of the try of this number, which begins at 0."""
        return self._voices[number % len(self._voices)]

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """See TTS."""
        return _PromptSpeech(self, text, conn_options)

    def prewarm(self) -> None:
        """See TTS."""
        self._voices[0].prewarm()

    async def aclose(self) -> None:
        """See TTS."""
        for voice in self._voices:
            voice.off("metrics_collected", self._on_metrics)
            await voice.aclose()

    def _on_metrics(self, metrics: TTSMetrics) -> None:
        self.emit("metrics_collected", metrics)


class _PromptSpeech(tts.ChunkedStream):
    _tts_attempt_span_name = None

    def __init__(self, asked: PromptTTS, text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=asked, input_text=text, conn_options=conn_options)
        self._asked = asked
        self._tries = 0

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice, self._tries = self._asked.of_try(self._tries), self._tries + 1
        limit_s = self._asked.first_audio_s
        once = replace(self._conn_options, max_retry=0)
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._asked.sample_rate,
            num_channels=self._asked.num_channels,
            mime_type="audio/pcm",
        )
        try:
            async with (
                asyncio.timeout(limit_s) as deadline,
                voice.synthesize(self._input_text, conn_options=once) as stream,
            ):
                held, heard_s = bytearray(), 0.0
                async for audio in stream:
                    deadline.reschedule(asyncio.get_running_loop().time() + limit_s)
                    held += audio.frame.data.cast("B")
                    heard_s += audio.frame.duration
                    if heard_s >= LEAST_AUDIO_S:
                        output_emitter.push(bytes(held))
                        held.clear()
        except TimeoutError:
            raise APITimeoutError(f"no audio of {voice.model} within {limit_s} s") from None
        if held:
            raise APIConnectionError(f"{voice.model} sent {heard_s:.3f} s of audio, which is none")

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[tts.SynthesizedAudio]) -> None:
        async for _ in event_aiter:  # the synthesiser's own stream measures
            pass
