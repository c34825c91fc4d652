"""The life of one response: created, spoken faster than real time; done, cancelled or failed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from openai.types.realtime import ResponseCreatedEvent, ResponseDoneEvent

from agent.sandbox import tokens
from agent.sandbox.provider import Provider
from agent.sandbox.realtime.audio import AudioFormat, Resampler
from agent.sandbox.realtime.conversation import Conversation
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.mind import Answer, Call, HearingFailedError, Question, answer
from agent.sandbox.realtime.outbox import OUTPUT_BACKLOG, Outbox
from agent.sandbox.realtime.response_events import OutputWriter
from agent.sandbox.realtime.usage import PromptCache, prompt_tokens
from agent.sandbox.voices import SAMPLE_RATE_HZ

_logger = logging.getLogger(__name__)

_CHUNK_S = 0.2
_AHEAD_S = 1.0
_PACE = 4.0
"""OpenAI sends speech faster than it plays: the first second at once and the rest at about this
many times real time, so a client that interrupts finds either a response in progress or a buffer
to cut.
"""
_SENTENCE = re.compile(r"(?<=[.!?…。！？])(?=\s)|(?<=[。！？])")

Status = Literal["completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """The session's configuration as one response's params override it."""

    question: Question
    audio_format: AudioFormat | None
    """None answers in text."""
    voice: str
    speed: float
    max_output_tokens: int | Literal["inf"]
    shown: dict[str, Any]
    """The fields of the response object that only echo settings."""


class Response:
    """One response. `closed` is true from the moment its response.done is on its way."""

    def __init__(
        self,
        settings: ResponseSettings,
        *,
        conversation: Conversation | None,
        provider: Provider,
        outbox: Outbox,
        cache: PromptCache,
    ) -> None:
        self.id = new_id("resp")
        self.closed = False
        self.spoken_ms = 0
        self._settings = settings
        self._conversation = conversation
        self._provider = provider
        self._outbox = outbox
        self._cache = cache
        self._writer = OutputWriter(self.id, conversation, outbox)
        delays = provider.script.delays
        if settings.audio_format is not None:
            first_s, rate = delays.realtime_first_audio_s, None
        else:
            first_s, rate = delays.llm_first_token_s, delays.llm_tokens_per_s
        self._token_s = 1 / rate if rate else 0.0
        self._first_output_at = asyncio.get_running_loop().time() + (first_s or 0)
        outbox.emit(ResponseCreatedEvent, response=self._document("in_progress", None, None))

    async def run(self) -> None:
        """Answer the question. Being cancelled is silent: `close` comes first."""
        try:
            reply = await answer(self._settings.question, self._provider.script)
            await self._speak_or_write(reply)
        except _TokensSpentError:
            self.close("incomplete", reason="max_output_tokens")
        except HearingFailedError:
            self.close("failed")
        except Exception:
            _logger.exception("Response failed", extra={"response_id": self.id})
            self.close("failed")
        else:
            self.close("completed")

    def close(self, status: Status, *, reason: str | None = None) -> None:
        """End with this status, now; what is open is ended and response.done is sent. Once."""
        if self.closed:
            return
        self.closed = True
        self._writer.end("completed" if status == "completed" else "incomplete")
        question = self._settings.question
        instructions = question.instructions or question.session_instructions
        prompt = prompt_tokens(instructions, question.tools, question.items)
        usage = self._cache.usage(prompt, self._writer.tokens)
        details: dict[str, Any] | None = None
        if status != "completed":
            details = {"type": status, **({"reason": reason} if reason else {})}
        if status == "failed":
            details = {"type": "failed", "error": _FAILURE}
        self._outbox.emit(ResponseDoneEvent, response=self._document(status, details, usage))
        self._outbox.no_more_sound(self.id)

    def _document(
        self, status: str, details: dict[str, Any] | None, usage: dict[str, Any] | None
    ) -> dict[str, Any]:
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": self._writer.output,
            "conversation_id": self._conversation.id if self._conversation else None,
            **self._settings.shown,
            "usage": usage,
        }

    async def _speak_or_write(self, reply: Answer) -> None:
        if reply.text and self._settings.audio_format is not None:
            await self._speak(reply.text, self._settings.audio_format)
        elif reply.text:
            await self._write(reply.text)
        for call in reply.calls:
            await self._call(call)

    async def _speak(self, text: str, audio_format: AudioFormat) -> None:
        begun_at: float | None = None
        for passage in filter(None, _SENTENCE.split(text)):
            said = False
            async with contextlib.aclosing(self._spoken(passage, audio_format)) as sound:
                async for data in sound:
                    begun_at = begun_at or await self._begin_speaking(audio_format)
                    if not said:
                        self._writer.say(passage)
                        said = True
                    await self._send_sound(data, begun_at)
            if not said:
                begun_at = begun_at or await self._begin_speaking(audio_format)
                self._writer.say(passage)
        self._writer.end()

    async def _begin_speaking(self, audio_format: AudioFormat) -> float:
        await self._first_output()
        self._writer.begin_message(audio_format)
        return asyncio.get_running_loop().time()

    async def _send_sound(self, data: bytes, begun_at: float) -> None:
        await self._outbox.room(OUTPUT_BACKLOG)
        due = begun_at + max(0.0, self._writer.spoken_ms / 1000 - _AHEAD_S) / _PACE
        await _sleep_until(due)
        self._writer.sound(data)
        self.spoken_ms = self._writer.spoken_ms
        self._check_budget()

    async def _spoken(self, passage: str, audio_format: AudioFormat) -> AsyncGenerator[bytes, None]:
        """The sound of a passage in the wire's format, in chunks of `_CHUNK_S`."""
        resampler = Resampler(SAMPLE_RATE_HZ, audio_format.rate_hz)
        chunk_bytes = int(_CHUNK_S * audio_format.rate_hz) * audio_format.sample_bytes
        ready = bytearray()
        speech = self._provider.voices.speak(
            passage, voice=self._settings.voice, speed=self._settings.speed
        )
        async with contextlib.aclosing(speech):
            async for chunk in speech:
                samples = np.frombuffer(chunk, dtype="<i2").astype(np.int16)
                ready += audio_format.encode(resampler.feed(samples))
                while len(ready) >= chunk_bytes:
                    yield bytes(ready[:chunk_bytes])
                    del ready[:chunk_bytes]
        tail = resampler.feed(np.empty(0, dtype=np.int16), last=True)
        ready += audio_format.encode(tail)
        if ready:
            yield bytes(ready)

    async def _write(self, text: str) -> None:
        await self._first_output()
        self._writer.begin_message(None)
        for delta in tokens.pieces(text):
            await self._outbox.room(OUTPUT_BACKLOG)
            self._writer.write(delta)
            self._check_budget()
            await self._token_pause()
        self._writer.end()

    async def _call(self, call: Call) -> None:
        await self._first_output()
        self._writer.begin_call(call.name)
        for delta in tokens.pieces(call.arguments):
            self._writer.argue(delta)
            self._check_budget()
            await self._token_pause()
        self._writer.end()

    async def _first_output(self) -> None:
        await _sleep_until(self._first_output_at)

    async def _token_pause(self) -> None:
        await asyncio.sleep(self._token_s)

    def _check_budget(self) -> None:
        limit = self._settings.max_output_tokens
        if limit != "inf" and self._writer.tokens.total >= limit:
            raise _TokensSpentError


class _TokensSpentError(Exception):
    """The response has used up its max_output_tokens."""


_FAILURE = {
    "type": "server_error",
    "code": "server_error",
    "message": "The server had an error while processing your request.",
}


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
