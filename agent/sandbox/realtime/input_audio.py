"""The input audio buffer: what the client appends, and the turns found in it or committed by it."""

from __future__ import annotations

import asyncio
from typing import Protocol

import numpy as np
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemDone,
    InputAudioBufferClearedEvent,
    InputAudioBufferCommittedEvent,
    InputAudioBufferSpeechStartedEvent,
    InputAudioBufferSpeechStoppedEvent,
    InputAudioBufferTimeoutTriggered,
)

from agent.sandbox.realtime.audio import AudioFormat, Samples
from agent.sandbox.realtime.conversation import Conversation, Item, decode_audio
from agent.sandbox.realtime.errors import ClientError, invalid
from agent.sandbox.realtime.identifiers import new_id
from agent.sandbox.realtime.outbox import Outbox
from agent.sandbox.realtime.session import Session
from agent.sandbox.realtime.transcription import Transcriber
from agent.sandbox.realtime.turns import SpeechStarted, TurnDetector

_LARGEST_APPEND_BYTES = 15 * 1024 * 1024
"""OpenAI's documented limit of one append."""
_LONGEST_BUFFER_S = 900
_KEPT_BEFORE_SPEECH_S = 60
"""While turns are detected, older silence is forgotten: an open microphone must not fill memory."""
_SHORTEST_COMMIT_MS = 100
_SAMPLE_BYTES = 2


class Listener(Protocol):
    """Who acts on the turns that are detected."""

    def speech_started(self) -> None:
        """The user has begun to speak."""

    def turn_ended(self) -> None:
        """The user's turn is in the conversation."""


class _Buffer:
    """Samples not yet committed, on the clock of all audio written in the session."""

    def __init__(self, audio_format: AudioFormat, start_ms: float = 0) -> None:
        self.format = audio_format
        self.start_ms = start_ms
        # Bytes, as a bytearray grows at one end and shrinks at the other without being copied.
        self._samples = bytearray()

    @property
    def duration_ms(self) -> float:
        return len(self._samples) // _SAMPLE_BYTES * 1000 / self.format.rate_hz

    @property
    def end_ms(self) -> float:
        return self.start_ms + self.duration_ms

    def append(self, samples: Samples) -> None:
        self._samples += samples.tobytes()

    def take(self, until_ms: float) -> Samples:
        """Remove and return what lies before a moment."""
        count = max(0, round((until_ms - self.start_ms) * self.format.rate_hz / 1000))
        taken = np.frombuffer(bytes(self._samples[: count * _SAMPLE_BYTES]), dtype=np.int16)
        del self._samples[: count * _SAMPLE_BYTES]
        self.start_ms += len(taken) * 1000 / self.format.rate_hz
        return taken

    def skip(self, until_ms: float) -> None:
        """Forget what lies before a moment."""
        if until_ms > self.start_ms:
            self.take(until_ms)


class InputAudio:
    """The buffer of one connection."""

    def __init__(
        self,
        session: Session,
        conversation: Conversation,
        transcriber: Transcriber,
        outbox: Outbox,
        listener: Listener,
    ) -> None:
        self._session = session
        self._conversation = conversation
        self._transcriber = transcriber
        self._outbox = outbox
        self._listener = listener
        self._buffer = _Buffer(session.input_format)
        self._detector: TurnDetector | None = None
        self._settings: object = None
        self._speech_item_id: str | None = None
        self.reconfigure()

    @property
    def is_speaking(self) -> bool:
        """Whether the user is in the middle of a detected turn."""
        return self._speech_item_id is not None

    def reconfigure(self) -> None:
        """Follow a change of the session. Another format drops what is not committed; another
        turn detection waits for speech anew.
        """
        audio_format, settings = self._session.input_format, self._session.turn_detection
        if audio_format is not self._buffer.format:
            self._buffer = _Buffer(audio_format, self._buffer.end_ms)
        elif settings == self._settings:
            return
        self._settings = settings
        self._speech_item_id = None
        self._detector = (
            TurnDetector(settings, rate_hz=audio_format.rate_hz, start_ms=self._buffer.end_ms)
            if settings
            else None
        )

    async def append(self, audio: str) -> None:
        """Add base64 audio, and act on the turns in it. Raises ClientError."""
        if len(audio) * 3 // 4 > _LARGEST_APPEND_BYTES + 2:
            raise ClientError(
                "Invalid 'audio': an append may hold at most 15 MiB of audio.",
                code="string_above_max_length",
                param="audio",
            )
        samples = decode_audio(audio, self._buffer.format, "audio")
        rate_hz = self._buffer.format.rate_hz
        if self._buffer.duration_ms / 1000 + len(samples) / rate_hz > _LONGEST_BUFFER_S:
            raise invalid("audio", "The input audio buffer is full. Commit it or clear it.")
        for start in range(0, len(samples), rate_hz):
            await self._hear(samples[start : start + rate_hz])
            if len(samples) > rate_hz:
                await asyncio.sleep(0)

    @property
    def rate_hz(self) -> int:
        """Of the samples in the buffer."""
        return self._buffer.format.rate_hz

    async def flow(self, samples: Samples) -> None:
        """Add a little of what flows in from a microphone at `rate_hz`, and act on the turns in
        it. It cannot be refused: where no turns are detected, the oldest makes room.
        """
        self._buffer.skip(self._buffer.end_ms - _LONGEST_BUFFER_S * 1000)
        await self._hear(samples)

    async def _hear(self, samples: Samples) -> None:
        self._buffer.append(samples)
        if self._detector is None:
            return
        async for change in self._detector.feed(samples):
            if isinstance(change, SpeechStarted):
                self._speech_started(change.at_ms)
            else:
                self._speech_stopped(change.at_ms)
        if not self.is_speaking:
            self._buffer.skip(self._buffer.end_ms - _KEPT_BEFORE_SPEECH_S * 1000)

    def _speech_started(self, at_ms: int) -> None:
        self._buffer.skip(at_ms)
        self._speech_item_id = new_id("item")
        self._outbox.emit(
            InputAudioBufferSpeechStartedEvent,
            audio_start_ms=max(at_ms, int(self._buffer.start_ms)),
            item_id=self._speech_item_id,
        )
        self._listener.speech_started()

    def _speech_stopped(self, at_ms: int) -> None:
        self._outbox.emit(
            InputAudioBufferSpeechStoppedEvent, audio_end_ms=at_ms, item_id=self._speech_item_id
        )
        self._commit(self._buffer.take(at_ms))
        self._listener.turn_ended()

    def commit(self) -> None:
        """Make an item of the buffer, as the client asks. Raises ClientError."""
        if self._buffer.duration_ms < _SHORTEST_COMMIT_MS:
            raise ClientError(
                "Error committing input audio buffer: buffer too small. Expected at least"
                f" {_SHORTEST_COMMIT_MS}ms of audio, but buffer only has"
                f" {self._buffer.duration_ms:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        if self._detector is not None:
            self._detector.reset()
        self._commit(self._buffer.take(self._buffer.end_ms))

    def clear(self) -> None:
        """Forget what is in the buffer."""
        self._buffer.skip(self._buffer.end_ms)
        self._speech_item_id = None
        if self._detector is not None:
            self._detector.reset()
        self._outbox.emit(InputAudioBufferClearedEvent)

    def time_out(self, silence_ms: int) -> None:
        """Commit the silence since the last response, for want of speech in it."""
        self._speech_item_id = new_id("item")
        end_ms = int(self._buffer.end_ms)
        start_ms = max(int(self._buffer.start_ms), end_ms - silence_ms)
        self._outbox.emit(
            InputAudioBufferTimeoutTriggered,
            audio_start_ms=start_ms,
            audio_end_ms=end_ms,
            item_id=self._speech_item_id,
        )
        self._buffer.skip(start_ms)
        self._commit(self._buffer.take(self._buffer.end_ms))

    def _commit(self, samples: Samples) -> None:
        settings = self._session.transcription
        recording = self._transcriber.record(samples, self._buffer.format, settings)
        item = Item(
            {
                "id": self._speech_item_id or new_id("item"),
                "object": "realtime.item",
                "type": "message",
                "status": "completed",
                "role": "user",
                "content": [{"type": "input_audio", "transcript": None}],
            },
            recordings={0: recording},
        )
        self._speech_item_id = None
        previous = self._conversation.last_id
        self._conversation.add(item)
        self._outbox.emit(
            InputAudioBufferCommittedEvent, previous_item_id=previous, item_id=item.id
        )
        for event in (ConversationItemAdded, ConversationItemDone):
            self._outbox.emit(event, previous_item_id=previous, item=item.document)
        if settings is not None:
            self._transcriber.report(item, settings)
