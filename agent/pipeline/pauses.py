"""Short pauses within a caller's speech, as the detector's windows show them."""

from __future__ import annotations

from livekit.agents import vad

RESUMED_S = 0.06
"""Speech after a pause that makes a guess stale; a single loud window is no word."""
QUIET_PROBABILITY = 0.35
"""Below this the detector counts a window as silence once speech has begun."""


def goes_on(event: vad.VADEvent) -> bool:
    """Whether this window shows that the caller speaks, or speaks on."""
    return event.raw_accumulated_speech >= RESUMED_S


def is_quiet_for(pause_s: float, event: vad.VADEvent, window_s: float) -> bool:
    """Whether the caller has been quiet for so long at the end of this window of `window_s`."""
    # The event counts the silence before its own window.
    quiet_s = event.raw_accumulated_silence + window_s
    return event.probability < QUIET_PROBABILITY and quiet_s >= pause_s - 1e-6
