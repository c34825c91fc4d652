"""One voice activity detector for the session and the transcription: its work is paid for once.

The framework gives a non-streaming transcription a detector stream of its own beside the session's,
so that every frame is analysed twice. Here the session pulls the only stream, and whoever else
wants to know listens to the events that pass.
"""

from __future__ import annotations

from collections.abc import Callable

from livekit import rtc
from livekit.agents import vad

Listener = Callable[[vad.VADEvent], None]


class SharedVAD(vad.VAD):
    """A detector whose streams are heard by listeners too. Made for one call: the streams of its
    session follow each other, they do not run side by side.
    """

    def __init__(self, inner: vad.VAD) -> None:
        super().__init__(capabilities=inner.capabilities)
        self._inner = inner
        self._listeners: list[Listener] = []

    @property
    def model(self) -> str:
        """As of the detector inside."""
        return self._inner.model

    @property
    def provider(self) -> str:
        """As of the detector inside."""
        return self._inner.provider

    @property
    def min_silence_duration(self) -> float | None:
        """Seconds of silence that end a speech; the framework checks it against its detectors."""
        silence_s: float | None = getattr(self._inner, "min_silence_duration", None)
        return silence_s

    @property
    def window_s(self) -> float:
        """How much audio each INFERENCE_DONE event stands for."""
        return self.capabilities.update_interval

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each event, before the session handles it; returns what stops it.

        It is called on the event loop and must neither wait nor raise.
        """
        self._listeners.append(listener)

        def stop() -> None:
            self._listeners.remove(listener)

        return stop

    def stream(self) -> vad.VADStream:
        """A stream of the detector inside, overheard."""
        return _OverheardStream(self._inner.stream(), self._tell)

    def _tell(self, event: vad.VADEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)


class _OverheardStream(vad.VADStream):
    """Delegates to a stream; who pulls an event lets the listeners hear it first."""

    def __init__(self, inner: vad.VADStream, tell: Listener) -> None:
        # Not super().__init__(): it would start tasks and channels, and `inner` has its own.
        self._inner = inner
        self._tell = tell

    async def _main_task(self) -> None:
        raise NotImplementedError("the stream inside runs")

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self._inner.push_frame(frame)

    def flush(self) -> None:
        self._inner.flush()

    def end_input(self) -> None:
        self._inner.end_input()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __anext__(self) -> vad.VADEvent:
        event = await self._inner.__anext__()
        self._tell(event)
        return event
