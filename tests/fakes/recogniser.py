"""A transcription server's client that answers when a test lets it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import NOT_GIVEN, APIConnectOptions, NotGivenOr, stt, utils
from livekit.agents.language import LanguageCode


@dataclass(slots=True)
class Request:
    """One request: how much audio it sent, and the answer it waits for."""

    audio_s: float
    answer: asyncio.Future[str] = field(default_factory=asyncio.Future)


class HeldRecogniser(stt.STT[Any]):
    """Does not stream. Each request waits until its answer, or an error, is set."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.requests: list[Request] = []
        self._came = asyncio.Event()

    async def request(self, index: int) -> Request:
        """The request of this number, once it has come."""
        while len(self.requests) <= index:
            self._came.clear()
            await self._came.wait()
        return self.requests[index]

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        request = Request(utils.audio.calculate_audio_duration(buffer))
        self.requests.append(request)
        self._came.set()
        text = await request.answer
        data = stt.SpeechData(text=text, language=LanguageCode("en"))
        return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])
