"""A voice that remembers what it was asked to say, and an ear at the end of the line."""

from __future__ import annotations

from typing import Any

from livekit.agents import APIConnectOptions, tts
from livekit.agents.voice import io
from livekit.rtc import AudioFrame

RATE_HZ = 24_000
ONE_TRY = APIConnectOptions(max_retry=0, retry_interval=0.0, timeout=10.0)


class RecordingTTS(tts.TTS[Any]):
    """Remembers what it was asked to say; each text sounds for a tenth of a second."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE_HZ, num_channels=1
        )
        self.said: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = ONE_TRY
    ) -> tts.ChunkedStream:
        self.said.append(text)
        return _Speech(tts=self, input_text=text, conn_options=conn_options)


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="1", sample_rate=RATE_HZ, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(bytes(2 * RATE_HZ // 10))


class Ear(io.AudioOutput):
    """Has heard a reply as soon as it is complete; or, if it is slow, only when it is cut."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__(
            label="Ear",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=RATE_HZ,
        )
        self._slow = slow
        self._heard_s = 0.0

    async def capture_frame(self, frame: AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._heard_s:
            self.on_playback_started(created_at=0.0)
        self._heard_s += frame.duration

    def flush(self) -> None:
        super().flush()
        if not self._slow:
            self._end(interrupted=False)

    def clear_buffer(self) -> None:
        self._end(interrupted=True)

    def _end(self, *, interrupted: bool) -> None:
        if self._heard_s:
            heard_s, self._heard_s = self._heard_s, 0.0
            self.on_playback_finished(playback_position=heard_s, interrupted=interrupted)
