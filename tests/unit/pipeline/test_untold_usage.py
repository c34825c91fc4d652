"""Requests that are taken back, dropped or lost are billed all the same, so they are counted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, llm
from livekit.agents.metrics import LLMMetrics, RealtimeModelMetrics, STTMetrics

from agent.pipeline.deadlines import PromptLLM
from agent.pipeline.realtime_link import LinkOptions, ResilientModel
from agent.pipeline.realtime_link.usage import ResponseUsage
from agent.pipeline.shared_vad import SharedVAD
from agent.pipeline.speculative_stt import SpeculativeSTT
from tests.fakes.detector import ScriptedVAD
from tests.fakes.recogniser import HeldRecogniser

ONE_TRY = APIConnectOptions(max_retry=0, retry_interval=0.0, timeout=0.2)
QUESTION = "When do you open on Sundays?"  # 28 characters, and the empty list of tools has two
USAGE = llm.CompletionUsage(
    prompt_tokens=90, completion_tokens=9, prompt_cached_tokens=0, total_tokens=99
)


class SlowModel(llm.LLM[Any]):
    """Says these words and then, as it is told, tells its usage, fails or thinks on."""

    def __init__(self, *words: str, then: llm.CompletionUsage | APIError | None = None) -> None:
        super().__init__()
        self.words, self.then = words, then

    def chat(self, **options: Any) -> llm.LLMStream:  # type: ignore[override]
        return SlowStream(
            self,
            chat_ctx=options["chat_ctx"],
            tools=options["tools"],
            conn_options=options["conn_options"],
        )


class SlowStream(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, SlowModel)
        for word in model.words:
            delta = llm.ChoiceDelta(role="assistant", content=word)
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))
        if isinstance(model.then, APIError):
            raise model.then
        if model.then is None:
            await asyncio.Event().wait()
        self._event_ch.send_nowait(llm.ChatChunk(id="1", usage=model.then))


async def counted(model: SlowModel, *, until: int) -> tuple[int, int]:
    """Tokens read and written, as told after so many parts of the answer were taken."""
    prompt = PromptLLM([model], first_token_s=5.0)
    told: list[LLMMetrics] = []
    prompt.on("metrics_collected", told.append)
    asked = llm.ChatContext.empty()
    asked.add_message(role="user", content=QUESTION)
    try:
        async with prompt.chat(chat_ctx=asked, tools=[], conn_options=ONE_TRY) as stream:
            for _ in range(until):
                await anext(stream, None)
            await asyncio.sleep(0)
    except APIError:
        pass
    return sum(m.prompt_tokens for m in told), sum(m.completion_tokens for m in told)


async def test_a_reply_that_is_talked_over_is_counted() -> None:
    """Its usage would have come last: what was read and written until then, at four characters a
    token.
    """
    assert await counted(SlowModel("We are", " closed."), until=2) == (8, 4)


async def test_a_reply_that_is_taken_back_before_its_first_word_is_counted() -> None:
    """As when the caller goes on: the question was read."""
    assert await counted(SlowModel(), until=0) == (8, 0)


async def test_a_reply_whose_usage_was_told_is_counted_once() -> None:
    """As the provider has told it."""
    assert await counted(SlowModel("We are closed.", then=USAGE), until=3) == (90, 9)


async def test_what_a_provider_refuses_is_not_counted() -> None:
    """It is not billed; a reply that breaks off is."""
    refusal = APIConnectionError("refused")
    assert await counted(SlowModel(then=refusal), until=1) == (0, 0)
    assert await counted(SlowModel("We are", then=refusal), until=2) == (8, 2)


async def test_a_transcript_that_comes_too_late_is_counted() -> None:
    """As is one that is given up with the call: the audio was sent."""
    server = HeldRecogniser()
    recogniser = SpeculativeSTT(server, vad=SharedVAD(ScriptedVAD()))
    told: list[STTMetrics] = []
    recogniser.on("metrics_collected", told.append)
    second = rtc.AudioFrame(bytes(2 * 16_000), 16_000, 1, 16_000)
    with pytest.raises(APIError):
        await recogniser.recognize(second, conn_options=ONE_TRY)
    given_up = asyncio.create_task(
        recogniser.recognize(second, conn_options=APIConnectOptions(max_retry=0, timeout=10))
    )
    await server.request(1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    answered = asyncio.create_task(recogniser.recognize(second, conn_options=ONE_TRY))
    (await server.request(2)).answer.set_result("hello")
    await answered
    assert [metrics.audio_duration for metrics in told] == [1.0, 1.0, 1.0]


class Responses:
    """A provider's events, and what is counted of them."""

    def __init__(self) -> None:
        model = ResilientModel(link=LinkOptions(), model="gpt-realtime", api_key="any")
        self.told: list[RealtimeModelMetrics | STTMetrics] = []
        self.usage = ResponseUsage(model, self.told.append)

    def begin(self, number: int) -> None:
        self.usage.received({"type": "response.created", "response": {"id": f"resp_{number}"}})

    def say(self, words: str) -> None:
        self.usage.received({"type": "response.output_audio_transcript.delta", "delta": words})

    def end(self, number: int, usage: dict[str, Any] | None) -> None:
        response = {"id": f"resp_{number}", "status": "cancelled", "usage": usage}
        self.usage.received({"type": "response.done", "response": response})

    @property
    def tokens(self) -> list[tuple[int, int, int]]:
        """Audio and all tokens read, and audio spoken, of each response."""
        return [
            (
                m.input_token_details.audio_tokens,
                m.input_tokens,
                m.output_token_details.audio_tokens,
            )
            for m in self.told
            if isinstance(m, RealtimeModelMetrics)
        ]


TOLD = {
    "total_tokens": 1160,
    "input_tokens": 1000,
    "output_tokens": 160,
    "input_token_details": {"text_tokens": 700, "audio_tokens": 300, "cached_tokens": 640},
    "output_token_details": {"text_tokens": 20, "audio_tokens": 140},
}


def test_a_response_is_counted_as_told_though_nobody_waits_for_it() -> None:
    """Once, also where it was cancelled."""
    responses = Responses()
    responses.begin(1)
    responses.say("We are closed.")
    responses.end(1, TOLD)
    responses.usage.ended()
    assert responses.tokens == [(300, 1000, 140)]


@pytest.mark.parametrize("lost", ["with the connection", "untold", "unreadable"])
def test_a_response_that_nobody_tells_the_usage_of_is_counted(lost: str) -> None:
    """It has read what the last one did, and 30 characters are two seconds of speech."""
    responses = Responses()
    responses.begin(1)
    responses.end(1, TOLD)
    responses.begin(2)
    responses.say("We are closed on Sun")
    responses.say("days and on")
    match lost:
        case "untold":
            responses.end(2, None)
        case "unreadable":
            responses.end(2, {"input_tokens": "many"})
    responses.usage.ended()
    responses.usage.ended()
    assert responses.tokens == [(300, 1000, 140), (300, 1000, 42)]
