"""Models that are late, silent or empty, and what is asked in their place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, llm, tts

from agent.pipeline.deadlines import PromptLLM, PromptTTS

ONE_TRY = APIConnectOptions(max_retry=0, retry_interval=0.0, timeout=10.0)
TWO_TRIES = APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=10.0)
SOON_S = 0.05
RATE_HZ = 24_000


class FakeLLM(llm.LLM[Any]):
    """Says its words, and then keeps the stream open if it `hangs`."""

    def __init__(self, words: str, *, hangs: bool = False) -> None:
        super().__init__()
        self.words, self.hangs = words, hangs
        self.asked = 0

    def chat(self, **options: Any) -> llm.LLMStream:  # type: ignore[override]
        self.asked += 1
        return FakeStream(
            self,
            chat_ctx=options["chat_ctx"],
            tools=options["tools"],
            conn_options=options["conn_options"],
        )


class FakeStream(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, FakeLLM)
        # A stream that is alive, and says nothing.
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant")))
        for word in model.words.split():
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(content=word)))
        if model.hangs:
            await asyncio.Event().wait()


async def words_of(model: llm.LLM[Any], options: APIConnectOptions) -> list[str]:
    stream = model.chat(chat_ctx=llm.ChatContext.empty(), tools=[], conn_options=options)
    async with stream:
        return [c.delta.content async for c in stream if c.delta and c.delta.content]


async def test_a_model_in_time_is_heard() -> None:
    """Its words come as they are, and nobody else is asked."""
    first, second = FakeLLM("hello there"), FakeLLM("never")
    prompt = PromptLLM([first, second], first_token_s=SOON_S)
    assert await words_of(prompt, TWO_TRIES) == ["hello", "there"]
    assert (first.asked, second.asked) == (1, 0)


@pytest.mark.parametrize("late", [FakeLLM("", hangs=True), FakeLLM("")], ids=["silent", "empty"])
async def test_the_next_model_answers_for_one_without_a_token(late: FakeLLM) -> None:
    """A stream that is kept alive without tokens, or ends without any, is a failed try."""
    prompt = PromptLLM([late, FakeLLM("at last")], first_token_s=SOON_S)
    assert await words_of(prompt, TWO_TRIES) == ["at", "last"]


async def test_one_model_is_asked_again() -> None:
    """Without another, each try asks the same one, as often as the options say."""
    late = FakeLLM("", hangs=True)
    with pytest.raises(APIConnectionError):
        await words_of(PromptLLM([late], first_token_s=SOON_S), TWO_TRIES)
    assert late.asked == 2


async def test_a_reply_that_dries_up_is_not_begun_again() -> None:
    """What was said cannot be said twice: the try fails, and no other follows."""
    dry, other = FakeLLM("we are", hangs=True), FakeLLM("never")
    with pytest.raises(APIError):
        await words_of(PromptLLM([dry, other], first_token_s=SOON_S), TWO_TRIES)
    assert other.asked == 0


class FakeTTS(tts.TTS[Any]):
    """Speaks for this long, then hangs if it is to."""

    def __init__(self, seconds: float, *, hangs: bool = False) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE_HZ, num_channels=1
        )
        self.seconds, self.hangs = seconds, hangs

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = ONE_TRY
    ) -> tts.ChunkedStream:
        return FakeSpeech(tts=self, input_text=text, conn_options=conn_options)


class FakeSpeech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, FakeTTS)
        output_emitter.initialize(
            request_id="1", sample_rate=RATE_HZ, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(bytes(2 * round(RATE_HZ * voice.seconds)))
        if voice.hangs:
            await asyncio.Event().wait()


async def spoken(voice: tts.TTS[Any], options: APIConnectOptions) -> rtc.AudioFrame:
    stream = voice.synthesize("Good morning.", conn_options=options)
    async with stream:
        return await stream.collect()


async def test_a_voice_in_time_is_heard() -> None:
    """All of its audio comes."""
    voice = PromptTTS([FakeTTS(0.5), FakeTTS(9.0)], first_audio_s=1.0)
    assert (await spoken(voice, TWO_TRIES)).duration == pytest.approx(0.5)


@pytest.mark.parametrize(
    "late",
    [FakeTTS(0, hangs=True), FakeTTS(0), FakeTTS(0.002)],
    ids=["silent", "empty", "garbage"],
)
async def test_the_next_voice_speaks_for_one_without_audio(late: FakeTTS) -> None:
    """A synthesis that is late, or succeeds without audio, is a failed try."""
    voice = PromptTTS([late, FakeTTS(0.5)], first_audio_s=SOON_S)
    assert (await spoken(voice, TWO_TRIES)).duration == pytest.approx(0.5)
