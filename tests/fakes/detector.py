"""A voice activity detector that says what a test tells it to."""

from __future__ import annotations

import asyncio

from livekit import rtc
from livekit.agents import vad

WINDOW_S = 0.032
END_SILENCE_S = 0.25
START_SPEECH_S = 0.05


class ScriptedVAD(vad.VAD):
    """Its streams give out the events that were put into `events`."""

    min_silence_duration = END_SILENCE_S

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=WINDOW_S))
        self.events: asyncio.Queue[vad.VADEvent] = asyncio.Queue()
        self.streams = 0

    def stream(self) -> vad.VADStream:
        self.streams += 1
        return _ScriptedStream(self)


class _ScriptedStream(vad.VADStream):
    def __init__(self, parent: ScriptedVAD) -> None:
        super().__init__(parent)
        self._events = parent.events
        self.pushed: list[rtc.AudioFrame] = []

    async def _main_task(self) -> None:
        while True:
            self._event_ch.send_nowait(await self._events.get())


class Windows:
    """The events that Silero gives for stretches of speech and silence, one window at a time."""

    def __init__(self) -> None:
        self.speaking = False
        self._speech_s = 0.0
        self._silence_s = 0.0

    def next(self, *, voiced: bool) -> list[vad.VADEvent]:
        """The events of one more window of WINDOW_S."""
        done = self._event(vad.VADEventType.INFERENCE_DONE, probability=0.9 if voiced else 0.02)
        events = [done]
        if voiced:
            self._speech_s += WINDOW_S
            self._silence_s = 0.0
            if not self.speaking and self._speech_s >= START_SPEECH_S:
                self.speaking = True
                events.append(self._event(vad.VADEventType.START_OF_SPEECH))
        else:
            self._silence_s += WINDOW_S
            self._speech_s = 0.0
            if self.speaking and self._silence_s >= END_SILENCE_S:
                self.speaking = False
                events.append(self._event(vad.VADEventType.END_OF_SPEECH))
        return events

    def _event(self, kind: vad.VADEventType, *, probability: float = 0.0) -> vad.VADEvent:
        return vad.VADEvent(
            type=kind,
            samples_index=0,
            timestamp=0.0,
            speech_duration=self._speech_s,
            silence_duration=self._silence_s,
            probability=probability,
            speaking=self.speaking,
            raw_accumulated_silence=self._silence_s,
            raw_accumulated_speech=self._speech_s,
        )
