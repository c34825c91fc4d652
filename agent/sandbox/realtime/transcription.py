"""The user's audio in words: one recognition for the mind and for the transcription events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    ConversationItemInputAudioTranscriptionFailedEvent,
)

from agent.sandbox import tokens
from agent.sandbox.ears import Transcript
from agent.sandbox.provider import Provider
from agent.sandbox.realtime import usage
from agent.sandbox.realtime.audio import AudioFormat, Samples
from agent.sandbox.realtime.conversation import Conversation, Item
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.recording import Recording

_logger = logging.getLogger(__name__)

_BILLED_BY_DURATION = {"whisper-1"}


class Transcriber:
    """Has recordings recognised, and tells the client if its session asks for transcripts."""

    def __init__(
        self,
        provider: Provider,
        conversation: Conversation,
        outbox: Outbox,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        self._provider = provider
        self._conversation = conversation
        self._outbox = outbox
        self._spawn = spawn

    def record(
        self, samples: Samples, audio_format: AudioFormat, settings: dict[str, Any] | None
    ) -> Recording:
        """A recording whose recognition has begun. `settings` are the session's transcription."""
        heard = self._spawn(self._recognise(samples, audio_format.rate_hz, settings or {}))
        return Recording(samples, audio_format, heard)

    def report(self, item: Item, settings: dict[str, Any]) -> None:
        """Send the transcription events of a committed item as soon as it has been heard."""
        self._spawn(self._report(item, settings))

    async def _recognise(
        self, samples: Samples, rate_hz: int, settings: dict[str, Any]
    ) -> Transcript | None:
        scripted = self._provider.script.take_transcript()
        if scripted is not None:
            language = settings.get("language") or "en"
            return Transcript(scripted.text, language, len(samples) / rate_hz)
        try:
            return await self._provider.ears.transcribe(
                samples,
                sample_rate_hz=rate_hz,
                language=settings.get("language"),
                prompt=settings.get("prompt"),
            )
        except Exception:
            _logger.exception("Recognition failed")
            return None

    async def _report(self, item: Item, settings: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + (self._provider.script.delays.stt_s or 0)
        recording = item.recordings[0]
        transcript = await recording.transcript()
        await asyncio.sleep(due - loop.time())
        if item not in self._conversation:
            return
        if transcript is None:
            self._fail(item)
            return
        by_duration = settings.get("model") in _BILLED_BY_DURATION
        text = transcript.text
        deltas = tokens.pieces(text) if not by_duration else [text] * bool(text)
        for delta in deltas:
            self._outbox.emit(
                ConversationItemInputAudioTranscriptionDeltaEvent,
                item_id=item.id,
                content_index=0,
                delta=delta,
            )
        item.document["content"][0]["transcript"] = text
        self._outbox.emit(
            ConversationItemInputAudioTranscriptionCompletedEvent,
            item_id=item.id,
            content_index=0,
            transcript=text,
            usage=_by_duration(recording) if by_duration else _by_tokens(recording, text),
        )

    def _fail(self, item: Item) -> None:
        self._outbox.emit(
            ConversationItemInputAudioTranscriptionFailedEvent,
            item_id=item.id,
            content_index=0,
            error={
                "type": "server_error",
                "code": "audio_unintelligible",
                "message": "Input transcription failed for this item.",
                "param": None,
            },
        )


def _by_duration(recording: Recording) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(recording.duration_s, 2)}


def _by_tokens(recording: Recording, text: str) -> dict[str, Any]:
    heard, written = usage.user_audio(recording.duration_s), tokens.count(text)
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": written,
    }
