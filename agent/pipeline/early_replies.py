"""When a realtime model is asked for a reply before the caller's turn is known to be over."""

from __future__ import annotations

from collections.abc import Callable

from livekit.agents import vad

from agent.pipeline.overlap import Floor
from agent.pipeline.pauses import goes_on, is_quiet_for
from agent.pipeline.shared_vad import SharedVAD

PAUSE_S = 0.096
"""Three windows of the detector, which notices silence some 50 ms late."""
AHEAD_S = 0.35
"""What a provider needs to the first sound: where a turn is over only after a longer silence, such
as in dictation, nothing is gained by asking sooner.
"""


class EarlyReplies:
    """Asks in each pause of the caller's, and takes it back when they go on.

    Without a realtime model, or where the provider decides when a turn is over, it does nothing.

    Args:
        detector: Hears the caller.
        floor: Of the session.
        are_answered: Whether a model answers the caller's turns, and nobody else takes them.
    """

    def __init__(
        self, detector: SharedVAD, floor: Floor, *, are_answered: Callable[[], bool]
    ) -> None:
        self._window_s = detector.window_s
        self._floor = floor
        self._are_answered = are_answered
        self._may_ask = False
        detector.listen(self._on_vad)

    def _on_vad(self, event: vad.VADEvent) -> None:
        if not self._floor.decides_by_audio:
            return
        if event.type is vad.VADEventType.START_OF_SPEECH:
            self._go_on()
        elif event.type is vad.VADEventType.INFERENCE_DONE:
            if event.speaking and goes_on(event):
                self._go_on()
            elif self._may_ask and is_quiet_for(self._pause_s, event, self._window_s):
                self._may_ask = False  # once in each pause
                if self._floor.is_free and self._are_answered():
                    self._floor.reply_early()

    def _go_on(self) -> None:
        self._may_ask = True
        self._floor.speech_began()

    @property
    def _pause_s(self) -> float:
        return max(PAUSE_S, self._floor.least_silence_s - AHEAD_S)
